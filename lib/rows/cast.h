#pragma once

/// \file lib/rows/cast.h
/// Old values of a column whose type changed at the source, exactly or not at all.
///
/// The result is the one of PostgreSQL's plain cast where that loses nothing: text is as psql shows it (a
/// timestamptz in UTC), a number is only cast to a type that holds it, a text only if the whole of it is a
/// value of the new type. Between binary and decimal numbers "exact" means that no digit is lost: the
/// shortest decimal text of one is the other.

#include <string>

#include "lib/rows/column.h"

namespace cdc::rows {

/// Appends cell `row` of `from` to `to`, whose type is a DecideTypeChange() of `from`'s that is not kCannot.
/// \return false: its value has no exact counterpart; nothing was appended.
bool CastCell(const Column& from, uint32_t row, Column* to);

/// As PostgreSQL shows the value, for messages too; a null is "null".
std::string CellText(const Column& column, uint32_t row);

}  // namespace cdc::rows
