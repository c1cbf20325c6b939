#pragma once

/// \file orchestrator/troubles.h
/// What was wrong and when, as a time line. Pure.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "lib/contract/verdict.h"

namespace cdc::orchestrator {

/// A reason of the verdict, from when it was first seen until it was gone.
struct Trouble {
  contract::Reason reason;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;  ///< 0: it lasts
};

/// Keeps the newest ones only, however many there are.
class Troubles {
 public:
  static constexpr size_t kMost = 1'000;

  /// The verdict at `now_ms`.
  void Note(const contract::Verdict& verdict, int64_t now_ms);

  /// The newest last.
  const std::deque<Trouble>& all() const { return all_; }

 private:
  using Key = std::pair<std::string, std::string>;  ///< code and table

  std::deque<Trouble> all_;
  std::map<Key, uint64_t> present_;  ///< number of its entry
  uint64_t dropped_ = 0;             ///< entries that were there before all_.front()
};

}  // namespace cdc::orchestrator
