#pragma once

/// \file lib/contract/offsets.h
/// Words for places in Kafka. "Next offset": the first record not yet processed, i.e. the consumer's
/// position. "End offset": one past the last stable record. Lag of a partition: end − max(low watermark,
/// next).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::contract {

/// Partition → next offset, of one topic.
using PartitionOffsets = std::map<int32_t, int64_t>;
/// Topic → partition → next offset.
using TopicOffsets = std::map<std::string, PartitionOffsets>;

/// `{"<partition>":next}`, partitions in ascending order.
std::string EncodeOffsets(const PartitionOffsets& offsets);
/// `{"<topic>":{"<partition>":next}}`: the value of the snapshot summary's `cdc.offsets`.
std::string EncodeOffsets(const TopicOffsets& offsets);

/// \return kCorrupt: not such an object, a partition that is no number ≥ 0, or an offset that is none ≥ 0.
Result<PartitionOffsets> DecodePartitionOffsets(std::string_view json);
Result<TopicOffsets> DecodeTopicOffsets(std::string_view json);

}  // namespace cdc::contract
