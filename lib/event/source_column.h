#pragma once

/// \file lib/event/source_column.h
/// How one column of the source stands in its events, and what it becomes in the table.
///
/// Three sources of this knowledge lead to the same words: the schema inside the event (connect_schema.h),
/// PostgreSQL's type names from the configuration or the database (pg_type.h), and JSON's own types
/// (infer.h).

#include <string>
#include <vector>

#include "lib/rows/type.h"

namespace cdc::event {

/// The form of a value in JSON (Debezium PostgreSQL connector 3.x, "Data type mappings").
enum class Wire : uint8_t {
  kBoolean,
  kInteger,
  kFloat,  ///< a number, or "NaN", "Infinity", "-Infinity" as a string; real and double precision
  kText,
  kBase64,  ///< bytes
  kBase64Url,
  kHex,
  kDecimalBytes,  ///< base64 of a big-endian two's complement; the scale is in the schema
  kDecimalText,
  kDecimalNumber,    ///< decimal.handling.mode=double
  kVariableDecimal,  ///< {"scale": n, "value": base64}
  kDays,             ///< since 1970-01-01
  kMillisOfDay,
  kMicrosOfDay,
  kNanosOfDay,
  kEpochMillis,
  kEpochMicros,
  kEpochNanos,
  kIsoDate,  ///< time.precision.mode=isostring
  kIsoTime,
  kIsoTimestamp,
  kIsoInstant,  ///< io.debezium.time.ZonedTimestamp: "2024-01-01T07:00:00.123456Z"
  kUuid,
  kArray,     ///< of `element`
  kAnything,  ///< objects and what we have no word for: its JSON text
};

/// What an update sends for a TOASTed value of a column that it did not touch.
enum class Unchanged : uint8_t {
  kMarked,  ///< the placeholder; or no value of the type is ever stored out of line
  kNull,    ///< null: the connector has no placeholder for this type
  kUnsure,  ///< either, by a type that its values alone do not tell
};

struct SourceColumn {
  std::string name;  ///< the member's, as at the source
  Wire wire = Wire::kText;
  Wire element = Wire::kText;  ///< kArray only
  int scale = 0;               ///< kDecimalBytes, or a kArray of them
  bool optional = true;
  rows::Type type;  ///< what it becomes in the table
  Unchanged unchanged = Unchanged::kMarked;
  bool empty_for_null = true;  ///< a list: an empty one may have been sent in place of null, as the default
  std::string problem;         ///< why `type` cannot hold it exactly; empty when it can
  std::string hint;            ///< the type in PostgreSQL's words that `columns` may say to solve the problem
  std::string target;          ///< the column's in the table; empty: the same
  /// Its type at the source in PostgreSQL's words, as far as the schema, a declaration or the database says
  /// them; empty: unknown.
  std::string source_type = {};

  const std::string& column() const { return target.empty() ? name : target; }
};

/// Whether values that come as `wire` can become `type` without loss of any value that fits. A column pinned
/// to a type keeps taking what is convertible; everything else in it is a bad value.
bool IsConvertible(const SourceColumn& column, const rows::Type& type);

}  // namespace cdc::event
