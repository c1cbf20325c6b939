#pragma once

/// \file lib/contract/last_records.h
/// By what a topic is known again: the last record that was read of each of its partitions. A topic that is
/// deleted and made anew under its name has another record at that offset, or none.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::contract {

struct LastRecord {
  int64_t offset = 0;        ///< below the partition's next offset, with no record between the two
  uint64_t fingerprint = 0;  ///< Fingerprint() of the record
  friend bool operator==(const LastRecord&, const LastRecord&) = default;
};

/// Partition → last record. A partition that nothing is known of is missing.
using LastRecords = std::map<int32_t, LastRecord>;
/// Topic → partition → last record.
using TopicLastRecords = std::map<std::string, LastRecords>;

/// The low half of HashBytes over 42 bytes: the timestamp as 8 bytes, then 17 of the key and 17 of the value,
/// each a byte 1 and the low and the high half of its own HashBytes, or, where it is null, 17 bytes 0.
/// Integers are little-endian. Written in snapshots: never change it without another name for the property.
///
/// \param timestamp_ms Unix milliseconds; −1: the record has none
uint64_t Fingerprint(std::optional<std::string_view> key, std::optional<std::string_view> value,
                     int64_t timestamp_ms);

/// `{"<topic>":{"<partition>":[<offset>,"<16 hex digits>"]}}`: the value of the snapshot summary's
/// `cdc.last-records`.
std::string EncodeLastRecords(const TopicLastRecords& records);
/// \return kCorrupt: not such an object, a partition or offset that is no number ≥ 0, or another fingerprint.
Result<TopicLastRecords> DecodeLastRecords(std::string_view json);

}  // namespace cdc::contract
