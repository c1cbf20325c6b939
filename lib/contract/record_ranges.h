#pragma once

/// \file lib/contract/record_ranges.h
/// Sets of a topic's records, as a table keeps them in its snapshots.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::contract {

/// Offsets by partition, kept as ranges. Value type.
class RecordRanges {
 public:
  bool Has(int32_t partition, int64_t offset) const;
  /// Both ends included.
  void Add(int32_t partition, int64_t first, int64_t last);
  void Add(int32_t partition, int64_t offset) { Add(partition, offset, offset); }
  void Remove(int32_t partition, int64_t offset);
  /// Forgets what is not below the partition's offset in `next`; a partition that is not there goes whole.
  void KeepBelow(const PartitionOffsets& next);
  /// Forgets the lowest offsets of the partition with most ranges, until there are no more than `most`.
  void Bound(size_t most);

  bool empty() const { return ranges_.empty(); }
  size_t range_count() const;
  /// Partition → first → last.
  const std::map<int32_t, std::map<int64_t, int64_t>>& ranges() const { return ranges_; }

  /// `{"<partition>":"5-9,12"}`, ascending.
  std::string Encode() const;
  /// \return kCorrupt.
  static Result<RecordRanges> Decode(std::string_view json);

  friend bool operator==(const RecordRanges&, const RecordRanges&) = default;

 private:
  std::map<int32_t, std::map<int64_t, int64_t>> ranges_;
};

/// Ranges that a snapshot's summary may have, so that metadata stays small.
inline constexpr size_t kMostRecordRanges = 200;

}  // namespace cdc::contract
