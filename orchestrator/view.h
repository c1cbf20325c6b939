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
  int64_t state_since_ms = 0;        ///< 0: since before the orchestrator began
  int64_t due_ms = 0;                ///< next start, when Pending or Backoff
  // What the HTTP server's Chronicle adds; nothing: not known (yet).
  std::optional<int64_t> memory_bytes = {};      ///< resident memory of the worker
  std::optional<double> events_per_second = {};  ///< of the last seconds
  std::optional<double> progress = {};           ///< of a catch-up, 0 to 1
  std::optional<int64_t> eta_seconds = {};       ///< until it has caught up, at the present pace
};

struct JobEntry;

/// \param known Kafka's end offsets are of now
TableView ViewOf(const JobEntry& entry, bool known, const Clock& clock);

/// A table's state changed.
struct StateChange {
  int64_t at_ms = 0;  ///< Unix time
  Phase phase = Phase::kIdle;
};

/// Where a table is in one partition of its topic; nothing: not known.
struct PartitionPlace {
  int32_t partition = 0;
  std::optional<int64_t> next = {};  ///< offset after the last record that the table has
  std::optional<int64_t> low = {};   ///< the oldest record that Kafka has
  std::optional<int64_t> end = {};
};

/// What is too much to copy of each table for each view.
struct TableDetail {
  std::string topic = {};  ///< empty: none exists yet
  std::vector<PartitionPlace> partitions = {};
  std::vector<StateChange> states = {};  ///< the newest last
  std::string job = {};
  std::string sink = {};
  std::string target = {};        ///< name in the sink; empty: the entry's
  std::string dead_letters = {};  ///< topic; empty: not known, as `topic`
  bool append = false;            ///< mode
  std::vector<std::string> key = {};  ///< of the configuration; empty: the events' key
  std::vector<std::pair<std::string, std::string>> columns = {};  ///< declared: name and type
};

/// A topic under the prefix that feeds no table, and the line of tables.toml that would make it one.
struct UnlistedTopic {
  std::string topic = {};
  std::string line = {};
};

struct SourceDetail {
  std::string topic_prefix = {};
  contract::SourceFacts facts = {};
  int64_t topics = 0;  ///< that Kafka has
  std::vector<UnlistedTopic> unlisted = {};  ///< the first kMostUnlisted by name
  int64_t unlisted_total = 0;
};
inline constexpr size_t kMostUnlisted = 1'000;

TableDetail DetailOf(const JobEntry& entry);

/// All tables together at a step of the history.
struct Sample {
  int64_t step = -1;  ///< −1: none yet
  int64_t at_ms = 0;
  double events_per_second = 0;
  int64_t lag = 0;  ///< records, of those tables where it is known
};

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
  bool actions = false;               ///< clients with the token may act
  Sample newest = {};                 ///< added by the HTTP server's Chronicle
};

/// For contract::Judge(); `view` must outlive it.
contract::Facts FactsOf(const View& view);

}  // namespace cdc::orchestrator
