#pragma once

/// \file lib/kafka/broker_log_internal.h
/// The embedded broker's memory: topics, their record batches as producers sent them, and groups' offsets.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::kafka {

/// Error codes of Kafka's protocol, as far as the broker answers with them.
namespace code {
inline constexpr int16_t kNone = 0;
inline constexpr int16_t kOffsetOutOfRange = 1;
inline constexpr int16_t kCorruptMessage = 2;
inline constexpr int16_t kUnknownTopicOrPartition = 3;
inline constexpr int16_t kMessageTooLarge = 10;
inline constexpr int16_t kInvalidTopic = 17;
inline constexpr int16_t kUnsupportedVersion = 35;
inline constexpr int16_t kTopicExists = 36;
inline constexpr int16_t kInvalidPartitions = 37;
inline constexpr int16_t kInvalidRequest = 42;
inline constexpr int16_t kUnsupportedFormat = 43;
inline constexpr int16_t kPolicyViolation = 44;
inline constexpr int16_t kOutOfOrderSequence = 45;
}  // namespace code

/// As Kafka judges it.
bool ValidTopicName(std::string_view name);

/// One partition's records.
class PartitionLog {
 public:
  struct Appended {
    int16_t error = code::kNone;
    int64_t base_offset = -1;
  };
  /// Takes one record batch (magic 2). A batch that an idempotent producer sends again is answered as the
  /// first time.
  Appended Append(std::string_view batch);

  /// Batches from the one that holds `offset` on, at most `max_bytes` but at least one if `at_least_one`.
  /// \return bytes appended to `out`
  size_t Read(int64_t offset, size_t max_bytes, bool at_least_one, std::string* out) const;
  /// First offset of a batch with a record as late as this; −1: none. Batches, not records: never too late a
  /// place.
  int64_t FindTime(int64_t timestamp_ms) const;
  /// Forgets records below `first`, which is in [low, end].
  void Trim(int64_t first);
  int64_t low() const { return low_; }
  int64_t end() const { return end_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Batch {
    int64_t base_offset;
    int64_t max_timestamp;
    std::string bytes;
  };
  struct Sequence {
    int32_t first;
    int32_t last;
    int64_t base_offset;
  };
  std::deque<Batch> batches_;
  std::map<std::pair<int64_t, int16_t>, std::deque<Sequence>>
      producers_;  ///< by id and epoch, the last five batches
  int64_t low_ = 0;
  int64_t end_ = 0;
  size_t bytes_ = 0;
};

struct BrokerTopic {
  std::string name;
  std::vector<std::shared_ptr<PartitionLog>> partitions;  ///< fetches that wait keep theirs
};

class BrokerStore {
 public:
  explicit BrokerStore(size_t max_bytes) : max_bytes_(max_bytes) {}
  /// \return nullptr: none
  BrokerTopic* Find(std::string_view name);
  std::shared_ptr<PartitionLog> Find(std::string_view topic, int32_t partition);
  int16_t Create(std::string_view name, int32_t partitions);
  int16_t Delete(std::string_view name);
  int16_t Trim(std::string_view topic, int32_t partition, int64_t first);
  PartitionLog::Appended Append(PartitionLog* log, std::string_view batch);
  const std::map<std::string, BrokerTopic, std::less<>>& topics() const { return topics_; }
  int64_t NextProducerId() { return next_producer_id_++; }

  struct Committed {
    int64_t offset = -1;
    std::string metadata;
  };
  /// group → (topic, partition) → offset
  std::map<std::string, std::map<std::pair<std::string, int32_t>, Committed>, std::less<>> groups;

 private:
  std::map<std::string, BrokerTopic, std::less<>> topics_;
  int64_t next_producer_id_ = 1000;
  size_t bytes_ = 0;
  size_t max_bytes_;
};

}  // namespace cdc::kafka
