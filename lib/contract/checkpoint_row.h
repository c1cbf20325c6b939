#pragma once

/// \file lib/contract/checkpoint_row.h
/// The table in a PostgreSQL sink's schema that says how far each pipeline has been read: one row for each. A
/// worker writes it in the transaction that changes its table; operators' commands read and change it.

namespace cdc::contract::checkpoint {

inline constexpr const char* kTable = "cdc_offsets";

// Its columns.
inline constexpr const char* kPipeline = "pipeline";         ///< primary key: `<group_id>.<entry>`
inline constexpr const char* kSource = "source";             ///< `{"cluster":"…","topic":"…"}`
inline constexpr const char* kOffsets = "offsets";           ///< offsets.h, by topic; null: no commit yet
inline constexpr const char* kLastRecords = "last_records";  ///< last_records.h
inline constexpr const char* kLsn = "lsn";                   ///< highest seen of the source; 0: unknown
inline constexpr const char* kMaxEventTime = "max_event_time";  ///< of all partitions; null: events have none
inline constexpr const char* kWriter = "writer";    ///< the run that may write; it ends where this is changed
inline constexpr const char* kCommits = "commits";  ///< counts them: the same
inline constexpr const char* kAt = "at";            ///< when the row was written last
inline constexpr const char* kMarker = "marker";    ///< JSON object: what else a commit says of the source
inline constexpr const char* kState = "state";      ///< JSON object: what the table is made of

// Members of kMarker that commands know.
inline constexpr const char* kReplayed = "replayed";        ///< record_ranges.h; missing: none
inline constexpr const char* kPassedOver = "passed_over";  ///< the same

inline constexpr const char* kEventTimes = "event_times";  ///< event_times.h; missing: none

/// Member of kState: name of the table that the pipeline fills, without its schema.
inline constexpr const char* kTarget = "target";

// Columns of the target itself that soft deletes fill.
inline constexpr const char* kSoftOperation = "op";     ///< of the row's last change; 'd': it is deleted
inline constexpr const char* kSoftTime = "deleted_at";  ///< when it was deleted

}  // namespace cdc::contract::checkpoint
