#pragma once

/// \file lib/change/checkpoint.h
/// How far a source has been read. A sink commits it together with the rows, in the same transaction or
/// snapshot.

#include <cstdint>
#include <optional>

#include "lib/contract/event_times.h"
#include "lib/contract/key_changes.h"
#include "lib/contract/last_records.h"
#include "lib/contract/offsets.h"
#include "lib/contract/record_ranges.h"

namespace cdc::change {

/// Only the source understands it. The stores write `offsets` under names of the contract (`cdc.offsets`,
/// `cdc_offsets`), so that operators and other programs can read it.
struct Checkpoint {
  contract::TopicOffsets offsets;  ///< next offset of every partition
  /// The last record that was read of each partition, which tells a topic that was deleted and recreated.
  contract::TopicLastRecords last_records;
  std::optional<int64_t> valid_through_ms = {};  ///< every change produced before this Unix time is in
  int64_t source_lsn = 0;                        ///< highest seen; 0: unknown
  contract::KeyChangeState key_changes = {};  ///< rows between two keys, and what was applied of key changes
  contract::RecordRanges replayed = {};       ///< dead letters that were applied after all
  contract::RecordRanges passed_over = {};    ///< the newest dead letters that were not
  contract::EventTimes event_times = {};         ///< highest of each partition, where events have a time
};

}  // namespace cdc::change
