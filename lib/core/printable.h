#pragma once

/// \file lib/core/printable.h
/// Foreign text for a terminal or a log: row data, headers and names must not move a cursor or forge a line.

#include <string>
#include <string_view>

namespace cdc {

/// `text` on one line. Control characters (C0 with line breaks, DEL, C1), those that turn the direction of writing (bidi)
/// and bytes that are not UTF-8 become `\xNN` or `\u{NNNN}`.
std::string Printable(std::string_view text);

}  // namespace cdc
