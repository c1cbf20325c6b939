#pragma once

/// \file lib/rows/cast.h
/// Old values of a column whose type changed at the source, exactly or not at all.
///
/// The result is the one of PostgreSQL's plain cast where that loses nothing: text is as psql shows it (a
/// timestamptz in UTC), a number is only cast to a type that holds it, a text only if the whole of it is a
/// value of the new type. Between binary and decimal numbers "exact" means that no digit is lost: the
/// shortest decimal text of one is the other.
///
/// A null is a null of any type, also where HasUncertainText().

#include <string>

#include "lib/rows/column.h"

namespace cdc::rows {

/// Whether a value of `from` had one of two texts at the source, of which neither the table nor the events
/// tell the right one. A list is as its elements are.
/// - boolean: "true" of a boolean, "1" of a bit(1); Debezium's schema is the same for both.
/// - binary: of a bytea, "\x41" or "A" by the bytea_output of the session that changed the type; "0101" of a
///   bit(n); and other types that Debezium sends as bytes.
/// - decimal of the widest precision: "1.00" of a numeric(38,2), "$1.00" by lc_monetary of a money, whose
///   scale is Debezium's money.fraction.digits. A narrower one is a numeric(p,s), whose text has exactly s
///   digits behind the point.
bool HasUncertainText(const Type& from, const Type& to);

/// Appends cell `row` of `from` to `to`, whose type is a DecideTypeChange() of `from`'s that is not kCannot.
/// \return false: its value has no exact counterpart; nothing was appended.
bool CastCell(const Column& from, uint32_t row, Column* to);

/// As PostgreSQL shows the value, for messages too; a null is "null".
std::string CellText(const Column& column, uint32_t row);

}  // namespace cdc::rows
