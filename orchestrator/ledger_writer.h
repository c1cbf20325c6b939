#pragma once

/// \file orchestrator/ledger_writer.h
/// When what is written to the ledger.

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "lib/contract/ledger.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/job_entry.h"

namespace cdc::orchestrator {

/// Writes at once what must survive our death, and the rest once a second. What the ledger does not take is
/// written when it can be written again: tables go on meanwhile.
class LedgerWriter {
 public:
  LedgerWriter(contract::Ledger& ledger, const Clock& clock, log::Logger logger)
      : ledger_(ledger), clock_(clock), log_(std::move(logger)) {}

  /// \return what an earlier orchestrator wrote; kTransient, kCorrupt as contract::Ledger::Tables()
  Result<std::vector<contract::TableRecord>> Load() { return ledger_.Tables(); }

  /// The entry differs from its record: the next Save() writes it. It must live until then, or be forgotten.
  void Note(const JobEntry& entry) { unwritten_.insert(&entry); }
  /// Writes the entry at once.
  void Write(const JobEntry& entry);
  /// Writes what was noted.
  void Save();
  /// When Save() is due.
  SteadyTime due() const { return due_; }
  /// Removes the table's record.
  void Forget(const JobEntry& entry);

  /// \param why what made the table Pending
  /// \return the run's number, also when the ledger cannot be written
  int64_t StartRun(const JobEntry& entry, const std::string& why);
  void SetPid(int64_t run, int pid);
  void EndRun(const contract::RunRecord& record);

  /// The last write succeeded.
  bool writable() const { return !down_; }

 private:
  void Save(const std::vector<contract::TableRecord>& records);

  contract::Ledger& ledger_;
  const Clock& clock_;
  log::Logger log_;
  std::unordered_set<const JobEntry*> unwritten_;
  SteadyTime due_{};
  bool down_ = false;
};

}  // namespace cdc::orchestrator
