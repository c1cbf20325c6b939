#pragma once

/// \file orchestrator/repairs.h
/// What operators ask of one table while all others run: pause it, start it, lend it to a command.

#include <functional>
#include <map>
#include <string>

#include "lib/core/result.h"
#include "lib/log/logger.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/ledger_writer.h"
#include "orchestrator/tables.h"

namespace cdc::orchestrator {

/// Turns requests into events of the table's state machine. One thread, the scheduler's.
class Repairs {
 public:
  /// All of them must outlive it.
  Repairs(Tables& tables, LedgerWriter& ledger, log::Logger logger, Feed feed)
      : tables_(tables), ledger_(ledger), log_(std::move(logger)), feed_(std::move(feed)) {}

  // \return kInvalidConfig: no such table; kConflict: it is paused, or a command works on it.
  Status Trigger(const std::string& table);
  Status Restart(const std::string& table);
  /// Written to the ledger before it returns: it outlives the orchestrator. Once more does nothing.
  Status Pause(const std::string& table);
  Status Resume(const std::string& table);

  /// Calls `ready` when the table has no worker, perhaps at once; it gets none until TakeBack().
  /// \return kInvalidConfig: no such table; kConflict: it is lent already; then `ready` is not called.
  Status Lend(const std::string& table, const std::string& to, std::function<void()> ready);
  /// The command has ended. \param finished it did what it was for
  void TakeBack(const std::string& table, bool finished);

  /// Call after each step of a table's state machine.
  void NoteStep(const JobEntry& entry);

 private:
  Result<JobEntry*> Find(const std::string& table, const char* doing) const;
  /// As Find(), of a table that may have a worker.
  Result<JobEntry*> FindUnpaused(const std::string& table, const char* doing) const;

  Tables& tables_;
  LedgerWriter& ledger_;
  log::Logger log_;
  Feed feed_;
  std::map<std::string, std::function<void()>> waiting_;  ///< by table: lent, and its worker has not left yet
};

}  // namespace cdc::orchestrator
