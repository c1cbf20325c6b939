#pragma once

/// \file lib/kafka/partition.h
/// Names of places in Kafka. "Next offset" is the offset of the first record not yet taken, never of the last
/// one taken.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::kafka {

/// Start at the oldest record that is still there.
inline constexpr int64_t kEarliest = -2;
/// Start at the end: only what is produced from now on.
inline constexpr int64_t kLatest = -1;

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend bool operator==(const TopicPartition&, const TopicPartition&) = default;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

struct TopicPartitionOffset {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;  ///< next offset, or kEarliest, kLatest
  friend bool operator==(const TopicPartitionOffset&, const TopicPartitionOffset&) = default;
};

struct Watermark {
  std::string topic;
  int32_t partition = 0;
  int64_t low = 0;  ///< oldest offset still there
  int64_t end = 0;  ///< last stable offset: one past the last record of no open transaction
};

struct TopicInfo {
  std::string name;
  int32_t partitions = 0;  ///< numbered 0 … partitions-1
};

/// Librdkafka properties, added last: they win over what this room sets itself.
struct Property {
  std::string name;
  std::string value;
};

}  // namespace cdc::kafka
