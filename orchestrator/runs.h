#pragma once

/// \file orchestrator/runs.h
/// The workers that run now: their start, what they say, what they are told, their end.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/contract/job_message.h"
#include "lib/contract/state_layout.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/backlogs.h"
#include "orchestrator/callback_guard.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/launcher.h"
#include "orchestrator/ledger_writer.h"
#include "orchestrator/tables.h"

namespace cdc::orchestrator {

struct RunOptions {
  std::filesystem::path jobs_folder;  ///< holds the worker programs
  contract::StateLayout layout;       ///< of state_dir
  bool drain = false;                 ///< workers end at the end offsets that they see at their start
};

/// Turns what the launcher reports into events of the table's state machine.
class Runs {
 public:
  /// All of them must outlive it.
  Runs(const Clock& clock, Launcher& launcher, Tables& tables, Backlogs& backlogs, LedgerWriter& ledger,
       const CallbackGuard& guard, log::Logger logger, Feed feed, RunOptions options)
      : clock_(clock),
        launcher_(launcher),
        tables_(tables),
        backlogs_(backlogs),
        ledger_(ledger),
        guard_(guard),
        log_(std::move(logger)),
        feed_(std::move(feed)),
        options_(std::move(options)) {}

  /// The configuration file of workers that are started from now on.
  void Configure(std::filesystem::path file) { config_file_ = std::move(file); }
  /// A copy of it that they read in its place; empty: there is none.
  void Accept(std::filesystem::path copy) { accepted_ = std::move(copy); }

  /// Starts the table's worker, or feeds StartFailed.
  void Start(JobEntry& entry);
  /// Do nothing when the table has no worker.
  void Say(const JobEntry& entry, contract::Command command);
  void Terminate(const JobEntry& entry);
  void Kill(const JobEntry& entry);

  /// Destroys the objects of ended runs. Never call it from inside a callback: they are those that call.
  void DropEnded() { ended_.clear(); }

 private:
  JobSpec SpecOf(const JobEntry& entry, int64_t run) const;
  /// \return the table if `run` is its present one; null: a late callback
  JobEntry* Present(const std::string& table, int64_t run) const;
  void OnMessage(const std::string& table, int64_t run, const contract::WorkerMessage& message);
  void OnProgress(JobEntry& entry, const contract::Progress& progress);
  void OnExiting(JobEntry& entry, const contract::PartitionOffsets& next);
  void OnEnd(const std::string& table, int64_t run, const JobEnd& end, const std::string& last_line);

  const Clock& clock_;
  Launcher& launcher_;
  Tables& tables_;
  Backlogs& backlogs_;
  LedgerWriter& ledger_;
  const CallbackGuard& guard_;
  log::Logger log_;
  Feed feed_;
  RunOptions options_;
  std::filesystem::path config_file_;
  std::filesystem::path accepted_;
  std::vector<std::unique_ptr<Launcher::Run>> ended_;
};

}  // namespace cdc::orchestrator
