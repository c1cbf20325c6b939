#pragma once

/// \file jobs/source/json_kind.h
/// Kinds of JSON values, to see that a column's values are not what they were. Pure.
///
/// A kind is s(tring), n(umber), b(oolean), [ or {; 0: null, or any.

#include <string>
#include <string_view>

#include "lib/event/source_column.h"

namespace cdc::source {

/// Of a JSON value.
char KindOf(std::string_view value);
/// Of member `name` of a row; 0 also where there is none.
char KindOf(std::string_view object, const std::string& name);
/// Of the values that are written so.
char KindOf(event::Wire wire);

}  // namespace cdc::source
