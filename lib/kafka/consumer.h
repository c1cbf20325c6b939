#pragma once

/// \file lib/kafka/consumer.h
/// Reads assigned partitions; offsets are the caller's business (they live in the table's snapshot).

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/kafka/message.h"
#include "lib/kafka/partition.h"

namespace cdc::kafka {

struct ConsumerOptions {
  std::string bootstrap_servers = {};  ///< "host:port,host:port"
  std::string group_id = {};  ///< only for CommitHint(); partitions are assigned, the group is never joined
  std::vector<Property> properties = {};

  /// How many bytes of unread records librdkafka may keep, over all partitions.
  int64_t queued_bytes = 64 << 20;
  /// One Poll() takes no more, give or take a few hundred records: what it delivers is beside the queue.
  int64_t poll_bytes = 8 << 20;
  /// Most bytes asked for per partition and fetch. Watchers of many partitions want little: with 10,000 of
  /// them all having news the answer may be this many times as large (capped by fetch_bytes).
  int64_t fetch_partition_bytes = 1 << 20;
  int64_t fetch_bytes = 32 << 20;
  /// How long the broker holds a fetch that has no data. A partition that is assigned or resumed meanwhile
  /// joins only the next fetch, so this bounds the delay after Assign/Resume/Seek; the price is 1000/this
  /// requests a second and broker while idle (measured in docs/decisions).
  std::chrono::milliseconds fetch_wait{50};
  /// Records librdkafka keeps ready, over all partitions, before it stops fetching; at least 10,000: a short
  /// queue would be full most of the time, and stop fetching with it. Use queued_bytes to save memory.
  int32_t queued_messages = 100'000;
  /// See records of open and aborted transactions no more than committed ones.
  bool read_committed = true;
};

/// Not thread-safe, and neither are its batches: one thread drives it (librdkafka's own threads fetch
/// meanwhile). No callback of the caller runs on another thread, except the one set by SetWakeup.
///
/// Errors of every call: kTransient: broker unreachable, time-out; kInvalidConfig: authentication, TLS,
/// authorisation, unknown property; kNotFound: unknown topic or partition; kInvalidArgument: a partition that
/// is not assigned.
class Consumer {
 public:
  using LookBack = std::map<TopicPartition, int64_t>;

  /// Does not connect. \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<Consumer>> Make(ConsumerOptions options);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Replaces the assignment. Leaders of topics that are new to this consumer, and what kEarliest and kLatest
  /// mean, are asked of the brokers first: one or two round trips, up to 2 s; where they do not answer
  /// librdkafka goes on trying, and Position() stays unknown until then. An offset that is not there any more
  /// is a PartitionProblem of a later Poll(), never a jump.
  ///
  /// \param look_back of some of `partitions`: an offset before the assigned one. Reading begins there; what
  /// comes before the assigned offset is MessageBatch::earlier(). It costs no request of its own and changes
  /// nothing else: where that offset is not there any more, reading begins at the assigned one.
  Status Assign(const std::vector<TopicPartitionOffset>& partitions, const LookBack& look_back = {});
  /// Adds to the assignment; partitions already assigned are refused with kInvalidArgument.
  /// \param paused deliver nothing before Resume(). Safe against librdkafka#2190.
  Status IncrementalAssign(const std::vector<TopicPartitionOffset>& partitions, bool paused = false);
  Status IncrementalUnassign(const std::vector<TopicPartition>& partitions);

  /// Delivers nothing of these partitions from the next Poll() on, also nothing that was fetched before; the
  /// position stays at the last delivered message. Paused partitions are not fetched.
  Status Pause(const std::vector<TopicPartition>& partitions);
  /// Goes on at Position(), or at the offset given by Seek() meanwhile.
  Status Resume(const std::vector<TopicPartition>& partitions);
  /// Delivers from these offsets next, also for partitions that are paused (then after Resume). Does not
  /// wait.
  Status Seek(const std::vector<TopicPartitionOffset>& partitions);

  /// Clears `batch`, waits up to `timeout` for the first message, end or problem, then takes what is there
  /// already, at most `max_messages`. An empty batch after the time-out is no error. \return kTransient: no
  /// broker can be reached (reported once per outage; polling on is right); kInvalidConfig:
  ///   authentication or TLS failed. The batch is valid and must be looked at also when an error is returned.
  Status Poll(std::chrono::milliseconds timeout, size_t max_messages, MessageBatch* batch);

  /// The next offset: after the last delivered message, or beyond it where an end was delivered after
  /// transaction markers or compacted records; before anything is delivered the offset assigned or sought.
  /// Nothing: not assigned, or still kEarliest/kLatest. Goes only up, except by Seek and Assign.
  std::optional<int64_t> Position(std::string_view topic, int32_t partition) const;

  /// Low and last stable offsets of many partitions in two requests per broker.
  /// A partition that could not be asked about is missing from the answer: unknown, not 0.
  Result<std::vector<Watermark>> Watermarks(const std::vector<TopicPartition>& partitions,
                                            std::chrono::milliseconds timeout);
  /// Only the last stable offsets (`offset` of the answer), in one request per broker: for sweeps.
  Result<std::vector<TopicPartitionOffset>> EndOffsets(const std::vector<TopicPartition>& partitions,
                                                       std::chrono::milliseconds timeout);

  /// All topics whose name begins with `prefix`, internal ones (`__…`) left out, sorted by name. "" = all.
  Result<std::vector<TopicInfo>> ListTopics(std::string_view prefix, std::chrono::milliseconds timeout);
  /// Costs the same however many topics there are. \return kNotFound: no such topic; kInvalidArgument: not a
  /// topic's name. Never creates it (brokers before 0.11, which have no headers either, do not know how not
  /// to).
  Result<TopicInfo> DescribeTopic(const std::string& topic, std::chrono::milliseconds timeout);
  /// The cluster's id, or kTransient.
  Result<std::string> ClusterId(std::chrono::milliseconds timeout);

  /// Writes next offsets to the group, asynchronously; for lag displays of other tools only. Failures are
  /// ignored; that the brokers do not allow the group, a later batch says (MessageBatch::refused_hint).
  void CommitHint(const std::vector<TopicPartitionOffset>& offsets);

  /// Calls `wakeup` (from a librdkafka thread; it must be quick, and may not call the Consumer) when the
  /// queue turns from empty to not empty, so that an event loop polls with timeout 0 and needs no thread of
  /// its own. Poll until the batch is empty before waiting for the next call. An empty function removes it.
  void SetWakeup(std::function<void()> wakeup);

 private:
  struct Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::kafka
