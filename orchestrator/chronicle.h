#pragma once

/// \file orchestrator/chronicle.h
/// What the HTTP server remembers of the tables it has seen.

#include "orchestrator/history.h"
#include "orchestrator/troubles.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// One thread, the HTTP server's. Lost with the process: numbers that must outlive it are in the ledger.
class Chronicle {
 public:
  explicit Chronicle(SteadyTime start) : history_(start) {}

  bool IsDue(SteadyTime now) const { return history_.IsDue(now); }
  /// Takes up a view where a step of the history is due, and fills in what it takes a memory to know. Reads
  /// /proc.
  void Take(View* view, SteadyTime now);

  const History& history() const { return history_; }
  const Troubles& troubles() const { return troubles_; }

 private:
  History history_;
  Troubles troubles_;
  std::map<int, int64_t> memory_;  ///< by pid of a worker, bytes, as of the newest step
};

}  // namespace cdc::orchestrator
