#pragma once

/// \file lib/expression/letter_case_internal.h
/// Upper and lower case as PostgreSQL has them in a database with the collation C.UTF-8.

#include <string>
#include <string_view>

#include "lib/core/result.h"
#include "lib/expression/lane_internal.h"

namespace cdc::expression {

/// \return kUnsupported: the system lacks the locale C.UTF-8
Status CheckLocale();

/// One code point at a time, by the C library's tables; bytes that are no UTF-8 stay as they are.
std::string_view ToLower(std::string_view utf8, Arena* arena);
std::string_view ToUpper(std::string_view utf8, Arena* arena);

/// Only A to Z, as PostgreSQL folds names.
std::string LowerAscii(std::string_view text);

}  // namespace cdc::expression
