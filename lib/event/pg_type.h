#pragma once

/// \file lib/event/pg_type.h
/// PostgreSQL's type names to source columns: for events without a schema, and for overriding what a schema
/// says.

#include <string>
#include <string_view>

#include "lib/contract/connector.h"
#include "lib/core/result.h"
#include "lib/event/source_column.h"

namespace cdc::event {

using contract::BinaryHandling;
using contract::DecimalHandling;
using contract::TimePrecision;

/// How the connector writes what its schema would otherwise explain. Debezium's defaults.
struct Handling {
  DecimalHandling decimal = DecimalHandling::kPrecise;
  TimePrecision time = TimePrecision::kAdaptive;
  BinaryHandling binary = BinaryHandling::kBytes;
  std::string unavailable_placeholder = "__debezium_unavailable_value";
};

/// A column declared by PostgreSQL's words, e.g. "numeric(3,2)", "timestamp(3) without time zone", "int[]".
///
/// \param strict true (configuration): an unknown word is an error; false (database): it is an enum, a domain
/// or an
///        extension's type, which Debezium sends as text
/// \return kInvalidConfig: not a type we know.
Result<SourceColumn> ColumnOfPgType(std::string name, std::string_view words, const Handling& handling,
                                    bool strict);

/// What `declared` (from the configuration) makes of a column whose wire form the event's schema already
/// says.
///
/// \return kInvalidConfig: the values cannot become the declared type without loss.
Result<SourceColumn> Override(const SourceColumn& from_schema, const SourceColumn& declared,
                              std::string_view words);

}  // namespace cdc::event
