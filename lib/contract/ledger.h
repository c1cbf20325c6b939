#pragma once

/// \file lib/contract/ledger.h
/// The orchestrator's memory in SQLite: tables and their state, runs of workers, due starts. Readable while
/// the orchestrator is down. Losing it costs a throttled scan, never data: offsets live in the tables'
/// snapshots.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/contract/offsets.h"
#include "lib/contract/verdict.h"
#include "lib/core/result.h"

namespace cdc::contract {

/// One table, as `cdc status` shows it. Times are Unix milliseconds, 0: never.
struct TableRecord {
  std::string table;
  std::string state = "Idle";  ///< Idle, Pending, Starting, Running, Stopping, Backoff, Paused or Held
  std::string reason = {};             ///< why Held, in Backoff or Pending; Running: what takes long
  std::string hint = {};               ///< the command that resolves it
  std::string topic = {};              ///< empty: none exists yet
  PartitionOffsets next_offsets = {};  ///< a hint: the table's newest snapshot knows better
  std::optional<int64_t> lag = {};     ///< records; nothing: unknown
  int64_t rows = 0;                    ///< written since the ledger began
  int64_t dead_letters = 0;            ///< since the ledger began
  int64_t left_alone = 0;              ///< records of other tables in its topic, since the ledger began
  int64_t last_commit_ms = 0;
  int64_t last_start_ms = 0;
  int64_t due_ms = 0;            ///< next start, when Pending or Backoff
  int crashes = 0;               ///< in a row, without a commit in between
  int retries = 0;               ///< exits 75 in a row
  std::string last_exit = {};    ///< "0", "78", "signal 9"; empty: none yet
  int pid = 0;                   ///< of the worker; 0: none
  std::string fingerprint = {};  ///< of the settings it was held with: others release it
  std::optional<int64_t> live_rows = {};  ///< rows in the table now; nothing: its sink does not tell
  int64_t changes = 0;                    ///< applied since the ledger began
  int64_t dead_letter_ms = 0;             ///< when the newest was counted
  int64_t letters_in_a_row = 0;           ///< dead letters since a change was applied
  int64_t left_alone_ms = 0;              ///< when the newest was counted
  int64_t current_ms = 0;                 ///< the table has all that was in its topic then; 0: not known
  std::string waiting_for = {};           ///< what the failed runs said; empty: the last one did not fail
  int64_t waiting_since_ms = 0;           ///< when the first of them ended
  bool paused = false;                    ///< by an operator, until they resume it
};

/// How old the oldest record is that the table does not have, at most; nothing: unknown.
/// \param lag, current_ms as in TableRecord
std::optional<int64_t> LagSeconds(std::optional<int64_t> lag, int64_t current_ms, int64_t now_ms);

/// For Judge(); `record` must outlive it.
TableFacts FactsOf(const TableRecord& record);

/// One run of a worker.
struct RunRecord {
  int64_t id = 0;
  std::string table;
  int pid = 0;
  int64_t start_ms = 0;
  int64_t end_ms = 0;     ///< 0: not ended, or its orchestrator died first
  std::string exit = {};  ///< as TableRecord::last_exit
  std::string reason = {};
  std::string report = {};  ///< the worker's report line, if any
};

/// One thread. Error kinds: kTransient (locked, disk full), kCorrupt (damaged, or of a newer schema version;
/// OpenOrReplace moves it aside), kInvalidConfig (no permission), kNotFound (OpenReadOnly only).
class Ledger {
 public:
  /// Opens or makes the file and its folder, in WAL mode, and brings its schema up to date.
  static Result<Ledger> Open(const std::filesystem::path& path);
  /// The same; a damaged one is moved aside, and a new one made: it may be lost (docs/architecture.md).
  /// \param aside gets where the damaged one is now; empty: it was sound
  static Result<Ledger> OpenOrReplace(const std::filesystem::path& path, std::filesystem::path* aside);
  static Result<Ledger> OpenReadOnly(const std::filesystem::path& path);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  /// By name.
  Result<std::vector<TableRecord>> Tables() const;
  /// \return kNotFound: no such table.
  Result<TableRecord> FindTable(std::string_view table) const;
  /// In one transaction: all or none.
  Status Save(const std::vector<TableRecord>& tables);
  Status Remove(std::string_view table);

  /// \return the run's id, unique in this ledger
  Result<int64_t> StartRun(std::string_view table, int64_t start_ms, std::string_view why);
  Status SetPid(int64_t run, int pid);
  Status EndRun(const RunRecord& run);
  /// Newest first; an empty `table`: of all.
  Result<std::vector<RunRecord>> Runs(std::string_view table, int limit) const;
  /// Those of all tables that ended with another exit than 0, newest first, among the newest 20,000 runs.
  Result<std::vector<RunRecord>> FailedRuns(int limit) const;
  /// Deletes all but the newest `keep` runs of this table. Costs `keep` steps in an index.
  Status Prune(std::string_view table, int keep);

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The list that `cdc status --json` prints: `{"table","state","reason","lag","next_offsets","rows",
/// "dead_letters","left_alone","last_commit_ms","last_start_ms","last_exit","pid"}` and `hint`, `topic`,
/// `due_ms`, `live_rows`, `changes`, `lag_seconds`, `dead_letter_ms`, `letters_in_a_row`, `left_alone_ms`,
/// `current_ms`, `waiting_for`, `waiting_since_ms`, `paused`. `rows` are those written, `live_rows` those
/// there now.
std::string EncodeStatus(const std::vector<TableRecord>& tables, int64_t now_ms);
/// \return kCorrupt: no such list.
Result<std::vector<TableRecord>> DecodeStatus(std::string_view json);

}  // namespace cdc::contract
