#pragma once

/// \file lib/core/percent.h
/// Percent-encoding (RFC 3986, section 2.1), as URLs and the paths in Delta's log have it.

#include <optional>
#include <string>
#include <string_view>

namespace cdc {

/// All but the unreserved characters become `%XX`; '/' stays where `keep_slash`.
std::string PercentEncode(std::string_view text, bool keep_slash = false);

/// \return nothing: a '%' without two hexadecimal digits behind it
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace cdc
