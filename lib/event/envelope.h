#pragma once

/// \file lib/event/envelope.h
/// Debezium's envelope around a change, with or without the schema that Kafka Connect's JSON converter
/// embeds.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::event {

enum class Op : char {
  kRead = 'r',  ///< a row of a snapshot
  kCreate = 'c',
  kUpdate = 'u',
  kDelete = 'd',
  kTruncate = 't',
  kMessage = 'm',  ///< pg_logical_emit_message: no row
};

/// Slices of one message value; they live as long as its bytes. Absent and null members are empty.
struct Envelope {
  Op op = Op::kRead;
  bool is_tombstone = false;  ///< the payload is null
  std::string_view before;    ///< JSON object
  std::string_view after;     ///< JSON object
  std::string_view source;    ///< JSON object
  std::string_view schema;    ///< the embedded schema's JSON object
  std::string_view kept;      ///< the member that EnvelopeParser::KeepMember() named, as it stands
  /// Not 0: the same number means the same schema, among values of one parser.
  uint64_t schema_number = 0;
};

/// Where a change stands in PostgreSQL's log as Debezium replays it: transactions in the order of their
/// commits, changes within one in the order of the log. A later change never has a smaller position; the rows
/// of one multi-row INSERT may share one. (Debezium PostgreSQL connector, "source.sequence".)
struct LogPosition {
  uint64_t transaction = 0;  ///< LSN of the last commit before the change's own transaction; 0: none was seen
  uint64_t lsn = 0;          ///< of the change
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

/// Where a change came from ("source" of the envelope).
struct Source {
  std::string schema;
  std::string table;
  int64_t lsn = 0;       ///< 0 when null, as in an incremental snapshot
  int64_t ts_ms = 0;     ///< commit time at the source, Unix milliseconds
  std::string snapshot;  ///< "first", "last_in_data_collection", "true" …; empty: none of a snapshot
  /// Nothing: a producer other than Debezium. Rows of a snapshot have one that says nothing.
  std::optional<LogPosition> position;
};

/// Splits values. Remembers the last embedded schema, so that the next message with the same one costs a
/// comparison instead of a scan. One per topic; not thread-safe.
class EnvelopeParser {
 public:
  /// Another member beside the row's images is wanted: Envelope::kept. One at a time.
  void KeepMember(std::string name) { kept_ = std::move(name); }

  /// \return kBadValue: not JSON, or not a Debezium envelope; the message says which.
  Result<Envelope> Parse(std::string_view value);

  /// The row object of a key or header: its "payload" where a schema is embedded, else the whole. Empty when
  /// null. \return kBadValue.
  Result<std::string_view> ParseKey(std::string_view key, std::string_view* schema);

 private:
  Result<Envelope> ParsePayload(std::string_view payload);

  std::string schema_prefix_;  // `{"schema":…,"payload":` of the last value
  size_t schema_begin_ = 0, schema_size_ = 0;
  uint64_t schema_number_ = 0;
  std::string kept_;  // empty: none
};

/// \return kBadValue.
Result<Source> ParseSource(std::string_view source);

}  // namespace cdc::event
