#pragma once

/// \file orchestrator/view.h
/// All tables at one moment, by value: what operators are shown, whichever thread shows it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/contract/verdict.h"
#include "lib/core/clock.h"
#include "orchestrator/table_state.h"

namespace cdc::orchestrator {

/// Times are Unix milliseconds, 0: never. Counts with "ledger" grow over restarts, the others begin with the
/// orchestrator.
struct TableView {
  std::string table;
  Phase phase = Phase::kIdle;
  std::string reason = {};           ///< why Held, in Backoff or Pending; Running: what takes long
  std::string hint = {};             ///< Held: the command that resolves it
  std::optional<int64_t> lag = {};   ///< records; nothing: unknown
  int64_t events = 0;                ///< read from Kafka
  int64_t rows = 0;                  ///< written (ledger)
  int64_t deletes = 0;               ///< rows deleted or superseded
  int64_t dead_letters = 0;          ///< (ledger)
  int64_t left_alone = 0;            ///< records of other tables in its topic (ledger)
  std::optional<int64_t> live_rows = {};  ///< in the table now, as last told (ledger)
  int64_t changes = 0;                    ///< applied (ledger)
  int64_t dead_letter_ms = 0;             ///< when the newest was counted (ledger)
  int64_t letters_in_a_row = 0;           ///< since a change was applied (ledger)
  int64_t left_alone_ms = 0;              ///< when the newest was counted (ledger)
  int64_t current_ms = 0;                 ///< it has all that was in its topic then (ledger)
  std::string waiting_for = {};           ///< what the failed runs said; empty: the last one did not fail
  int64_t waiting_since_ms = 0;           ///< when the first of them ended
  int64_t last_commit_ms = 0;        ///< (ledger)
  int64_t last_start_ms = 0;         ///< (ledger)
  int64_t starts = 0;                ///< of workers
  int64_t crashes = 0;               ///< ends that are no exit code of the contract
  int64_t retries = 0;               ///< exits 75
  std::string last_exit = {};        ///< "0", "78", "signal 9"; empty: none yet (ledger)
  std::optional<Millis> last_run{};  ///< how long the last ended run took
  int pid = 0;                       ///< of the worker; 0: none
};

struct JobEntry;

/// \param known Kafka's end offsets are of now
TableView ViewOf(const JobEntry& entry, bool known, const Clock& clock);

struct View {
  std::vector<TableView> tables = {};  ///< by name
  Millis uptime{0};
  int running = 0;  ///< workers alive
  int waiting = 0;  ///< tables that are due and have no slot
  int max_jobs = 0;
  bool stopping = false;
  bool ledger_writable = true;   ///< as of the last write
  bool kafka_connected = false;  ///< the last question was answered
  Millis kafka_silence{0};       ///< since its last answer, or since the start if there was none
  int64_t kafka_away_since_ms = 0;    ///< when the first question of the present outage failed
  std::string kafka_error = {};       ///< what that said
  contract::SourceFacts source = {};  ///< [source] connect_url and dsn
  int64_t now_ms = 0;                 ///< Unix time of the moment
};

/// For contract::Judge(); `view` must outlive it.
contract::Facts FactsOf(const View& view);

}  // namespace cdc::orchestrator
