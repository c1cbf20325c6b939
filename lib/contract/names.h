#pragma once

/// \file lib/contract/names.h
/// Names that several programs, scripts and operators rely on, and the naming of topics and tables.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::contract {

// Keys of an Iceberg snapshot's summary.
inline constexpr std::string_view kSummaryOffsets =
    "cdc.offsets";  ///< offsets.h, EncodeOffsets(TopicOffsets)
inline constexpr std::string_view kSummaryLastRecords =
    "cdc.last-records";  ///< last_records.h, beside the offsets; missing: nothing to know the topic again by
inline constexpr std::string_view kSummaryKeyChanges =
    "cdc.key-changes";  ///< key_changes.h; missing: no key has ever changed
inline constexpr std::string_view kSummarySource = "cdc.source";  ///< Kafka cluster id and topic id
inline constexpr std::string_view kSummaryPipeline = "cdc.pipeline";
inline constexpr std::string_view kSummaryValidThrough = "cdc.valid-through-ms";
inline constexpr std::string_view kSummaryLsn = "cdc.source-lsn";
/// Dead letters that were applied after all, and those that the table has passed over: record_ranges.h.
inline constexpr std::string_view kSummaryReplayed = "cdc.replayed";
inline constexpr std::string_view kSummaryPassedOver = "cdc.passed-over";
inline constexpr std::string_view kSummaryEventTimes =
    "cdc.event-times";  ///< event_times.h; missing: events have no time of their own

// Table properties: what the snapshot of `kMirrorSnapshot` says of the source, for the day when no snapshot
// does. Beside them stand, under their own names, the entries of kMirrored.
inline constexpr std::string_view kMirrorSnapshot = "cdc.offsets.snapshot-id";
inline constexpr std::string_view kMirrorSequence = "cdc.offsets.sequence-number";  ///< of that snapshot
inline constexpr std::string_view kMirrorTable = "cdc.offsets.table-uuid";
inline constexpr std::string_view kMirrored[] = {kSummaryOffsets,    kSummaryLastRecords, kSummarySource,
                                                 kSummaryKeyChanges, kSummaryReplayed,    kSummaryPassedOver,
                                                 kSummaryEventTimes};

// Headers of a dead letter. Topic, partition and offset are its identity: the same letter may be there twice.
inline constexpr const char* kDlqReason = "cdc.reason";
inline constexpr const char* kDlqTopic = "cdc.topic";
inline constexpr const char* kDlqPartition = "cdc.partition";
inline constexpr const char* kDlqOffset = "cdc.offset";

/// Debezium's text for an unchanged TOAST value, unless `[source] unavailable_placeholder` says otherwise.
inline constexpr std::string_view kUnavailablePlaceholder = "__debezium_unavailable_value";

/// `<topic>.dlq`.
std::string DlqTopic(std::string_view topic);
bool IsDlqTopic(std::string_view topic);

/// What Debezium makes of a schema's or table's name in a topic: only [A-Za-z0-9._-] stay, others become `_`,
/// one for each UTF-16 unit, as Java counts. Two tables can collide: `value.source` tells them apart.
std::string SanitiseForTopic(std::string_view name);

/// `<prefix>.<schema>.<table>`, schema and table sanitised.
std::string TopicName(std::string_view prefix, std::string_view schema, std::string_view table);

struct SourceName {
  std::string schema;  ///< As configured, not sanitised.
  std::string table;   ///< As in the topic, thus sanitised; it may contain dots.
  friend bool operator==(const SourceName&, const SourceName&) = default;
};

/// Takes `topic` apart knowing the prefix and the schemas (both may contain dots; the longest schema wins).
/// Nothing: another prefix or schema, or a dead-letter topic.
std::optional<SourceName> ParseTopic(std::string_view prefix, const std::vector<std::string>& schemas,
                                     std::string_view topic);

/// A table's name as a file or folder name: [a-z0-9_-], at most 60 characters, plus `-<8 hex digits>` of a
/// hash of the whole name when that changed it, so that two tables never share one.
std::string FileKey(std::string_view table);

/// Set in the orchestrator's environment by `cdc start`: nobody rotates what a background process writes to
/// stderr, so its log goes to the log folder alone.
inline constexpr const char* kLogToFileOnly = "CDC_LOG_TO_FILE_ONLY";

/// Environment variable by which the orchestrator names a run: the ledger's number of it.
inline constexpr const char* kRunVariable = "CDC_RUN";

// Lines of the orchestrator's log that users and scripts look for.
/// `op`: Debezium's letter; shown as a word: create, update, delete, read, truncate.
std::string DetectedLine(std::string_view op, std::string_view table);
std::string TriggeredLine(std::string_view table);
std::string FinishedLine(std::string_view table);

}  // namespace cdc::contract
