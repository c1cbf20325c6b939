#pragma once

/// \file orchestrator/slots.h
/// Which due table may start a worker, and which worker makes room for one.

#include <filesystem>
#include <functional>

#include "lib/core/clock.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/tables.h"

namespace cdc::orchestrator {

class Slots {
 public:
  /// \return the process that holds a table's lock; 0: none
  using LockHolder = std::function<int(const std::string& table)>;

  Slots(Tables& tables, Feed feed, LockHolder lock_holder)
      : tables_(tables), feed_(std::move(feed)), lock_holder_(std::move(lock_holder)) {}

  /// At most `max_jobs` workers at once from now on.
  void Limit(int max_jobs) { max_jobs_ = max_jobs; }
  int max_jobs() const { return max_jobs_; }

  /// Feeds SlotFree or LockBusy to due tables, the earliest first; SlotWanted to as many workers as there are
  /// tables left.
  void Give(SteadyTime now);

 private:
  void AskYields(SteadyTime now, int waiting);

  Tables& tables_;
  Feed feed_;
  LockHolder lock_holder_;
  int max_jobs_ = 0;
};

}  // namespace cdc::orchestrator
