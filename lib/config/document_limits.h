#pragma once

/// \file lib/config/document_limits.h
/// What a configuration file may be, before it is parsed: the parser calls itself once for each part of a key.

#include <optional>
#include <string_view>

#include "lib/config/problems.h"

namespace cdc::config {

/// 100,000 tables take about 10 MB.
inline constexpr size_t kMaxDocumentBytes = 64 << 20;
/// Parts of a dotted key, as in [tables."a".columns]; people write three.
inline constexpr int kMaxKeyParts = 50;

/// \return what is beyond a limit, with its line; nothing: it may be parsed.
std::optional<Problem> FindExcess(std::string_view text);

}  // namespace cdc::config
