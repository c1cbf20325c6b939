#pragma once

/// \file orchestrator/job_entry.h
/// What the scheduler knows of one table.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/ledger.h"
#include "lib/contract/offsets.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/launcher.h"
#include "orchestrator/table_state.h"
#include "orchestrator/trigger_source.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// The worker that is running now.
struct LiveRun {
  int64_t id = 0;                          ///< in the ledger; also tells late callbacks of an earlier run
  std::unique_ptr<Launcher::Run> process;  ///< never null
  int64_t start_ms = 0;
  contract::Progress progress = {};  ///< as last reported
};

/// Of ended runs, since the orchestrator started.
struct RunTotals {
  int64_t events = 0;
  int64_t deletes = 0;
  int64_t starts = 0;
  int64_t crashes = 0;
  int64_t retries = 0;
  std::optional<Millis> last_run = {};  ///< how long the newest took
};

struct JobEntry {
  config::Table settings;
  std::optional<Topic> topic = {};  ///< nothing: none exists yet
  TableState state = {};
  Rules rules = {};
  contract::PartitionOffsets next = {};  ///< next offsets: a hint, the worker knows better
  std::map<int32_t, Span> spans = {};    ///< what is in the topic, as last heard
  std::optional<LiveRun> run = {};

  std::optional<SteadyTime> lag_since = {};  ///< Idle, and a sweep has seen lag
  bool removed = false;                      ///< no longer in tables.toml; goes when its worker has gone
  std::string detected_op = {};              ///< of the change that made it Pending
  std::string fingerprint = {};              ///< config::Fingerprint()
  int64_t rows_before = 0;                   ///< of earlier runs
  int64_t dead_letters_before = 0;           ///< of earlier runs
  int64_t left_alone_before = 0;             ///< of earlier runs
  int64_t changes_before = 0;                ///< of earlier runs
  std::optional<int64_t> live_rows = {};     ///< as last told
  int64_t dead_letter_ms = 0;                ///< when the newest was counted, Unix time
  int64_t letters_in_a_row = 0;              ///< since a change was applied
  int64_t left_alone_ms = 0;                 ///< when the newest was counted, Unix time
  int64_t current_ms = 0;  ///< it has all that was in its topic then, Unix time; 0: not known
  int64_t last_commit_ms = 0;
  int64_t last_start_ms = 0;
  std::string last_exit = {};
  RunTotals totals = {};
  std::vector<StateChange> trail = {};  ///< since the orchestrator started, the newest kTrailLength

  const std::string& name() const { return settings.name; }
};

inline constexpr size_t kTrailLength = 20;

/// Lets the table's state machine decide about an event, and performs what it decides.
using Feed = std::function<void(JobEntry&, const Event&)>;

/// Names the table in every line, and its run if it has one.
log::Logger LoggerOf(const log::Logger& logger, const JobEntry& entry);

/// Records between the next offsets and the end; nothing: some partition is unknown. What was deleted by
/// retention before it was read does not count, so that it cannot ask for a worker forever.
std::optional<int64_t> Lag(const JobEntry& entry);
/// The same while a worker runs: the larger of what it told last and what Kafka's ends say. A worker that
/// waits for an outage's end tells nothing new. Nothing, too, for a table that is elsewhere.
std::optional<int64_t> PresentLag(const JobEntry& entry);

/// The worker's counts grew from `before` to `now`, at `now_ms`.
void NoteCounts(const contract::Progress& before, const contract::Progress& now, int64_t now_ms,
                JobEntry* entry);

/// Its ends are known as of `now_ms`: without lag it has all that there was.
void NoteEnds(int64_t now_ms, JobEntry* entry);

/// A known partition has something beyond `next`. Unlike Lag() it needs no complete answer.
bool HasLag(const JobEntry& entry, const contract::PartitionOffsets& next);

/// The table is further than its topic: another topic of the same name, or a broker that lost records. The
/// worker has to judge it.
bool IsBeyondEnd(const JobEntry& entry);

/// The places to listen from for all of these tables of one topic: the earliest next offset of each
/// partition. A partition that one of them has not begun is missing, as in its own.
contract::PartitionOffsets EarliestNext(const std::vector<JobEntry*>& entries);

/// Some partition's next offset is the one in `places`: a message from there on is new to this table.
bool BeginsAt(const JobEntry& entry, const contract::PartitionOffsets& places);

/// The next start as Unix time, when Pending or Backoff; else 0.
int64_t DueMs(const JobEntry& entry, const Clock& clock);

/// Its state has changed, at `now_ms`.
void NoteState(int64_t now_ms, JobEntry* entry);

/// As the ledger and `cdc status` have it. Instants become wall-clock ones at `now`.
contract::TableRecord ToRecord(const JobEntry& entry, const Clock& clock);

/// Takes up what an earlier orchestrator wrote: a table that had a worker is Idle until lag or a lock is
/// seen. Held stays Held only with the settings it was held with.
void Restore(const contract::TableRecord& record, const Clock& clock, JobEntry* entry);

}  // namespace cdc::orchestrator
