#pragma once

/// \file lib/kafka/group_member.h
/// A member of a consumer group that reads nothing: what the group gives it says who works on which topic.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/kafka/partition.h"

namespace cdc::kafka {

struct GroupMemberOptions {
  std::string bootstrap_servers = {};  ///< "host:port,host:port"
  std::string group_id = {};
  std::string name = {};  ///< what Owners() of the other members say of it
  std::vector<Property> properties = {};
  /// A member that is not heard of for so long is dead to the others. Brokers allow 6 s to 30 min unless
  /// `group.min.session.timeout.ms` says otherwise.
  std::chrono::milliseconds session_timeout{6'000};
};

/// Topics are shared, not partitions: a topic belongs to whoever has its partition 0. A topic moves only when
/// it must (cooperative-sticky), and is given by the group to the next member after this one has let it go.
///
/// Not thread-safe: one thread drives it. Poll() at least every few minutes, else the group takes it for
/// stuck.
class GroupMember {
 public:
  struct Change {
    std::set<std::string> topics = {};  ///< all that are this member's from now on
    /// Those that it should let go: no longer in `topics`, but nobody else has them before Release().
    std::set<std::string> wanted_back = {};
  };

  /// Does not connect. \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<GroupMember>> Make(GroupMemberOptions options);
  /// Leaves the group: its topics are given to others at once. Waits for the coordinator, at most some
  /// seconds.
  ~GroupMember();
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  /// What the group shares, from now on; the same for all members, or topics that one of them does not know
  /// are never its. Joins the group with the first call. \return kInvalidArgument: no topics
  Status Subscribe(const std::set<std::string>& topics);
  /// Waits up to `timeout` for a change. \return nothing: none; kTransient: no coordinator answers (the group
  /// goes on by itself when one does); kInvalidConfig: not authorised; kUnsupported: the brokers have no
  /// groups
  Result<std::optional<Change>> Poll(std::chrono::milliseconds timeout);
  /// What was wanted back is let go. Does nothing when nothing was.
  Status Release();

  /// Topic → name of the member that has it, as the coordinator knows. Waits for its answer.
  Result<std::map<std::string, std::string>> Owners(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit GroupMember(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::kafka
