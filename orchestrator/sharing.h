#pragma once

/// \file orchestrator/sharing.h
/// Which tables are this orchestrator's, where several share them.

#include <map>
#include <set>
#include <string>
#include <utility>

#include "orchestrator/job_entry.h"
#include "orchestrator/tables.h"

namespace cdc::orchestrator {

/// Port to the group of orchestrators. KafkaTableGroup is real; tests have a fake. It answers by
/// Sharing::OnShare() and OnOwners(), never from inside a call.
class TableGroup {
 public:
  virtual ~TableGroup() = default;
  /// The topics of all tables, from now on.
  virtual void Share(std::set<std::string> topics) = 0;
  /// What the group wanted back is let go: no worker of ours is at it.
  virtual void Release() = 0;
};

/// A table is where its topic is: tables of one topic stay together. Nobody works on a table before the group
/// has given its topic. Two at once would do no harm, the commits are fenced; they would only be in each
/// other's way. One thread, the scheduler's.
class Sharing {
 public:
  /// \param group null: every table is here
  Sharing(Tables& tables, TableGroup* group, Feed feed)
      : tables_(tables), group_(group), feed_(std::move(feed)) {}

  /// Tells the group of topics that are new, and lets go what no worker is at any more. Call before slots are
  /// given.
  void Advance();

  /// \param topics all that are here from now on
  /// \param wanted_back those that are to be let go, by TableGroup::Release() once no worker is at them
  void OnShare(std::set<std::string> topics, std::set<std::string> wanted_back);
  /// Topic → name of the orchestrator that has it; for people.
  void OnOwners(std::map<std::string, std::string> owners);

 private:
  void TellGroup();
  void Judge();
  void LetGo();

  Tables& tables_;
  TableGroup* group_;
  Feed feed_;
  int64_t seen_ = -1;  ///< Tables::topics_version() that the group knows
  std::set<std::string> told_;
  std::set<std::string> here_;
  std::set<std::string> wanted_back_;
  std::map<std::string, std::string> owners_;
};

}  // namespace cdc::orchestrator
