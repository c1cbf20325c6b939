#pragma once

/// \file orchestrator/request.h
/// What a client asks for, taken apart. Pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::orchestrator {

struct Target {
  std::vector<std::string> path = {};             ///< "/a/b%2Fc" → "a", "b/c"
  std::map<std::string, std::string> query = {};  ///< the last of two of one name
};

/// \return kInvalidConfig: it is no path, or has a bad % escape
Result<Target> ParseTarget(std::string_view target);

/// "/jobs/*": a star takes one segment. \return whether `path` is of this kind
bool Matches(std::string_view pattern, const std::vector<std::string>& path);

/// Which tables of many, and how many of them.
struct Selection {
  int64_t limit = 100;
  int64_t offset = 0;
  std::string state = {};   ///< public name; empty: all
  std::string filter = {};  ///< part of the name, in any case; empty: all
  bool by_need = false;     ///< those that need somebody first; else by name
};

inline constexpr int64_t kLargestLimit = 1'000;

/// `limit`, `offset`, `state`, `filter`, `sort`. \return kInvalidConfig: another name, or a bad value
Result<Selection> ParseSelection(const std::map<std::string, std::string>& query);

}  // namespace cdc::orchestrator
