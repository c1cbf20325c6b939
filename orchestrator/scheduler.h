#pragma once

/// \file orchestrator/scheduler.h
/// Runs the tables' state machines: brings them events and performs what they decide.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/backlogs.h"
#include "orchestrator/callback_guard.h"
#include "orchestrator/launcher.h"
#include "orchestrator/ledger_writer.h"
#include "orchestrator/repairs.h"
#include "orchestrator/runs.h"
#include "orchestrator/sharing.h"
#include "orchestrator/slots.h"
#include "orchestrator/tables.h"
#include "orchestrator/trigger_source.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

struct SchedulerOptions {
  std::filesystem::path jobs_folder;  ///< holds the worker programs
  contract::StateLayout layout;       ///< of state_dir
  bool drain = false;                 ///< run lagging tables with --drain until nothing lags
  /// Called after everything that came from a port: Advance() is due, but not from inside. May be empty.
  std::function<void()> wake = {};
  /// Who else works on tables; null: nobody. Must outlive the scheduler.
  TableGroup* group = nullptr;
  /// Process that holds a table's lock, 0: none. Replaced in tests.
  std::function<int(const std::filesystem::path&)> lock_holder = {};
};

/// One thread, the caller's. Never blocks except for the ledger's writes. The ports must outlive it.
class Scheduler {
 public:
  Scheduler(const Clock& clock, Launcher& launcher, TriggerSource& source, contract::Ledger& ledger,
            log::Logger logger, SchedulerOptions options);

  /// Takes the first configuration with what the ledger remembers, or the difference to a new one.
  Status Apply(std::shared_ptr<const config::Config> config);

  /// A copy of the configuration that Apply() got last, which workers started from now on read in place of
  /// the file itself: that may be wrong by then, or half written. Empty: there is no copy.
  void GiveWorkers(std::filesystem::path accepted) { runs_.Accept(std::move(accepted)); }

  /// From the trigger source: the first new message of a topic, and Debezium's letter of it (may be empty).
  void OnChange(const std::string& topic, const std::string& op) { backlogs_.OnChange(topic, op); }

  /// Does everything that is due. Call at NextWake(), and after every other call.
  void Advance();
  /// At most a second from now.
  SteadyTime NextWake() const;

  Status Trigger(const std::string& table) { return repairs_.Trigger(table); }
  /// What else operators ask of one table.
  Repairs& repairs() { return repairs_; }
  /// For what the group says.
  Sharing& sharing() { return sharing_; }
  /// No more starts; workers are asked to leave. Wait until idle().
  void Shutdown();
  /// No worker is alive.
  bool idle() const { return tables_.active() == 0; }

  /// Calls `done` when the tables' lag is of about now, or cannot be: perhaps at once. Bound the wait.
  void RefreshLag(std::function<void()> done) { backlogs_.RefreshEnds(std::move(done)); }
  std::vector<contract::TableRecord> Records() const;
  /// For health and metrics. Copies what they need of each table: about a microsecond for one.
  View Look() const;
  /// Writes what is not in the ledger yet.
  void Save() { ledger_.Save(); }

  /// For what operators are shown of one table or of the topics, and for the end of a drain.
  const Tables& tables() const { return tables_; }
  const Backlogs& backlogs() const { return backlogs_; }

 private:
  JobEntry& Add(const config::Table& table);
  Status Restore();
  void ApplyDifference(const config::Config& before);
  void ApplySettings(JobEntry& entry, const config::Table& settings);

  void Step(JobEntry& entry, const Event& event);
  void FeedTimePassed();
  void DropRemoved();
  void Perform(JobEntry& entry, Action action);

  const Clock& clock_;
  log::Logger log_;
  bool stopping_ = false;
  SteadyTime started_;
  std::shared_ptr<const config::Config> config_;

  // Each uses only those above it, and reaches the state machines by Step().
  CallbackGuard guard_;
  Tables tables_;
  LedgerWriter ledger_;
  Slots slots_;
  Backlogs backlogs_;
  Runs runs_;
  Repairs repairs_;
  Sharing sharing_;
};

}  // namespace cdc::orchestrator
