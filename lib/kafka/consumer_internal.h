#pragma once

/// \file lib/kafka/consumer_internal.h
/// The Consumer's state, shared by its .cc files.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lib/kafka/consumer.h"
#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {

struct PartitionState {
  int64_t position = 0;       ///< next offset, or kEarliest/kLatest while unresolved
  bool paused = false;        ///< then not assigned in librdkafka
  bool looking_back = false;  ///< reading began before `position` and has not got there
};

struct PartitionKey {
  std::string_view topic;
  int32_t partition;
};

struct PartitionHash {
  using is_transparent = void;
  size_t operator()(const PartitionKey& k) const {
    return std::hash<std::string_view>()(k.topic) * 31 + static_cast<size_t>(k.partition);
  }
  size_t operator()(const TopicPartition& k) const { return (*this)(PartitionKey{k.topic, k.partition}); }
};
struct PartitionEqual {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return a.partition == b.partition && std::string_view(a.topic) == std::string_view(b.topic);
  }
};

/// What became of Consumer::CommitHint().
struct Hints {
  int64_t open = 0;      ///< sent, not answered
  bool refused = false;  ///< the brokers do not allow the group
  bool told = false;     ///< in a MessageBatch::refused_hint()

  /// Up to a second. Drops what else is in the queue. \return whether none is open and none was refused
  bool Await(rd_kafka_queue_t* queue);
};

/// When brokers' threads are woken after an assignment: soon at first, then after twice the pause each time, over all
/// polls. Each wake is a request, and a broker that takes a second for one must not be flooded: its answer to the fetch
/// would never come.
class WakeSchedule {
 public:
  /// At least a millisecond.
  std::chrono::milliseconds Left() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds(1));
  }
  /// Whether one is due; then the next one is later.
  bool TakeDue() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    pause_ = std::min(pause_ * 2, kLongest);
    next_ = now + pause_;
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds kFirst{5}, kLongest{5'000};

  std::chrono::milliseconds pause_ = kFirst;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kFirst;
};

/// Pausing is unassigning and resuming is assigning again at our own position: librdkafka's pause keeps a
/// fetched backlog and depends on a position that does not exist yet right after assign (librdkafka#2190,
/// confluent-kafka-go#193), while an assignment with an explicit offset starts exactly there.
struct Consumer::Impl {
  ConsumerOptions options;
  Handle<rd_kafka_t> client;
  Handle<rd_kafka_queue_t> queue;  ///< the one queue of all partitions and errors
  std::unordered_map<TopicPartition, PartitionState, PartitionHash, PartitionEqual> partitions;
  std::unordered_set<std::string> topics_with_leader;  ///< looked up by Resolve()
  std::vector<rd_kafka_message_t*> raw;                ///< scratch of Poll()
  std::optional<Error> failure;                        ///< from error_cb, which runs inside Poll()
  std::string last_transport_error;
  Hints hints;
  /// Nothing has come since partitions were assigned. A broker's thread that has just gone to sleep then may
  /// not look at them before its second is over (one assignment in twenty of a client that has read before).
  bool fresh = false;
  WakeSchedule wakes;  // while fresh
  int64_t bytes_since_nudge = 0;
  int64_t messages_since_nudge = 0;
  std::function<void()> wakeup;

  ~Impl();
  PartitionState* Find(std::string_view topic, int32_t partition);
  void OnError(int code, const char* reason);
  static Status CheckPlace(const TopicPartitionOffset& place);
  /// To librdkafka. \param look_back as Consumer::Assign
  Status Attach(const std::vector<TopicPartitionOffset>& wanted, const LookBack& look_back = {});
  /// kEarliest and kLatest as offsets, where the brokers answer, and leaders of new topics looked up.
  /// librdkafka does both itself, but waits a fixed 500 ms before it asks for an offset without knowing the
  /// leader (rd_kafka_toppar_offset_retry), and asks about new topics only with a one-second timer
  /// (rd_kafka_topic_scan_all).
  std::vector<TopicPartitionOffset> Resolve(std::vector<TopicPartitionOffset> partitions);
  Status Detach(const std::vector<TopicPartition>& partitions);  ///< from librdkafka
  void Deliver(rd_kafka_message_t* raw_message, MessageBatch* batch, PartitionState** state,
               const rd_kafka_topic_t** topic, int32_t* partition);
  void DeliverEvent(rd_kafka_message_t* raw_message, MessageBatch* batch);
  bool GoOnAtPosition(const rd_kafka_message_t& raw_message, PartitionState* state);
  /// A question that was not answered, with what is known of why.
  Error WithReason(Error error);
  PartitionProblem Explain(const rd_kafka_message_t& raw_message);
  void Nudge();
  /// Wakes the threads of the brokers that lead what is assigned, or 64 partitions of it.
  void Wake();
};

}  // namespace cdc::kafka
