#pragma once

/// \file lib/verify/sql_text.h
/// Pieces of statements. Pure.

#include <string>
#include <string_view>

namespace cdc::verify {

/// `"name"`, with its quotes doubled.
std::string QuotedName(std::string_view name);

/// `sql` with `column` in place of each `{}`.
std::string WithColumn(std::string_view sql, std::string_view column);

}  // namespace cdc::verify
