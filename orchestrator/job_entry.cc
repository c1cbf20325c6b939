#include "orchestrator/job_entry.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/core/redaction.h"

namespace cdc::orchestrator {
namespace {

/// First record of this partition that the table does not have and Kafka still has.
int64_t From(const Span& span, const contract::PartitionOffsets& next, int32_t partition) {
  auto it = next.find(partition);
  int64_t low = span.low.value_or(0);
  return it == next.end() ? low : std::max(low, it->second);
}

int64_t ToWallMs(SteadyTime instant, const Clock& clock) {
  return UnixMillis(clock.wall()) + std::chrono::duration_cast<Millis>(instant - clock.steady()).count();
}

}  // namespace

log::Logger LoggerOf(const log::Logger& logger, const JobEntry& entry) {
  log::Logger of_table = logger.With("table", entry.name());
  return entry.run ? of_table.With("run", entry.run->id) : of_table;
}

std::optional<int64_t> Lag(const JobEntry& entry) {
  if (!entry.topic) return std::nullopt;
  int64_t lag = 0;
  for (int32_t p = 0; p < entry.topic->partitions; ++p) {
    auto span = entry.spans.find(p);
    if (span == entry.spans.end()) return std::nullopt;
    if (!entry.next.contains(p) && !span->second.low) return std::nullopt;
    lag += std::max<int64_t>(0, span->second.end - From(span->second, entry.next, p));
  }
  return lag;
}

std::optional<int64_t> PresentLag(const JobEntry& entry) {
  if (entry.state.phase == Phase::kElsewhere) return std::nullopt;  // what is known here is old
  const auto known = Lag(entry);
  const auto told = entry.run ? entry.run->progress.lag : std::nullopt;
  return known && told ? std::max(*known, *told) : told ? told : known;
}

void NoteCounts(const contract::Progress& before, const contract::Progress& now, int64_t now_ms,
                JobEntry* entry) {
  const int64_t letters = now.dead_letters - before.dead_letters;
  if (letters > 0) entry->dead_letter_ms = now_ms;
  if (now.left_alone > before.left_alone) entry->left_alone_ms = now_ms;
  if (now.changes > before.changes)
    entry->letters_in_a_row = 0;
  else
    entry->letters_in_a_row += std::max<int64_t>(0, letters);
  if (now.live_rows || now.last_commit_ms > 0) entry->live_rows = now.live_rows;  // a commit makes it unknown
  entry->current_ms = std::max(entry->current_ms, now.upto_ms);
}

void NoteEnds(int64_t now_ms, JobEntry* entry) {
  if (Lag(*entry) == 0) entry->current_ms = std::max(entry->current_ms, now_ms);
}

bool HasLag(const JobEntry& entry, const contract::PartitionOffsets& next) {
  return std::any_of(entry.spans.begin(), entry.spans.end(), [&](const auto& item) {
    const auto& [partition, span] = item;
    if (!next.contains(partition) && !span.low) return false;
    return span.end > From(span, next, partition);
  });
}

bool IsBeyondEnd(const JobEntry& entry) {
  return std::any_of(entry.next.begin(), entry.next.end(), [&](const auto& item) {
    auto span = entry.spans.find(item.first);
    return span != entry.spans.end() && item.second > span->second.end;
  });
}

contract::PartitionOffsets EarliestNext(const std::vector<JobEntry*>& entries) {
  if (entries.empty()) return {};
  contract::PartitionOffsets places = entries.front()->next;
  for (const JobEntry* entry : entries) {
    std::erase_if(places, [&](const auto& place) { return !entry->next.contains(place.first); });
    for (auto& [partition, next] : places) next = std::min(next, entry->next.at(partition));
  }
  return places;
}

bool BeginsAt(const JobEntry& entry, const contract::PartitionOffsets& places) {
  const int32_t partitions = entry.topic ? entry.topic->partitions : 0;
  for (int32_t p = 0; p < partitions; ++p) {
    const auto own = entry.next.find(p);
    const auto place = places.find(p);
    const bool unknown = own == entry.next.end() && place == places.end();
    const bool same = own != entry.next.end() && place != places.end() && own->second == place->second;
    if (unknown || same) return true;
  }
  return false;
}

int64_t DueMs(const JobEntry& e, const Clock& clock) {
  const bool due = e.state.phase == Phase::kPending || e.state.phase == Phase::kBackoff;
  return due ? ToWallMs(e.state.due, clock) : 0;
}

void NoteState(int64_t now_ms, JobEntry* e) {
  if (e->trail.size() == kTrailLength) e->trail.erase(e->trail.begin());
  e->trail.push_back({now_ms, e->state.phase});
}

contract::TableRecord ToRecord(const JobEntry& e, const Clock& clock) {
  contract::TableRecord r{.table = e.name()};
  r.state = ToString(e.state.phase);
  r.reason = WithoutSecrets(e.state.reason);
  if (r.reason.empty() && e.run) r.reason = e.run->progress.doing;
  r.hint = WithoutSecrets(e.state.hint);
  if (e.topic) r.topic = e.topic->name;
  r.next_offsets = e.next;
  r.lag = PresentLag(e);
  r.rows = e.rows_before + (e.run ? e.run->progress.rows : 0);
  r.dead_letters = e.dead_letters_before + (e.run ? e.run->progress.dead_letters : 0);
  r.left_alone = e.left_alone_before + (e.run ? e.run->progress.left_alone : 0);
  r.last_commit_ms = e.last_commit_ms;
  r.last_start_ms = e.last_start_ms;
  r.due_ms = DueMs(e, clock);
  r.crashes = e.state.crashes;
  r.retries = e.state.retries;
  r.last_exit = e.last_exit;
  if (e.run) r.pid = e.run->process->pid();
  r.fingerprint = e.fingerprint;
  r.live_rows = e.live_rows;
  r.changes = e.changes_before + (e.run ? e.run->progress.changes : 0);
  r.dead_letter_ms = e.dead_letter_ms;
  r.letters_in_a_row = e.letters_in_a_row;
  r.left_alone_ms = e.left_alone_ms;
  r.current_ms = e.current_ms;
  r.paused = e.state.paused;
  r.waiting_for = e.state.failed_with;
  if (!e.state.failed_with.empty()) r.waiting_since_ms = ToWallMs(e.state.failing_since, clock);
  return r;
}

void Restore(const contract::TableRecord& r, const Clock& clock, JobEntry* e) {
  e->next = r.next_offsets;
  e->rows_before = r.rows;
  e->dead_letters_before = r.dead_letters;
  e->left_alone_before = r.left_alone;
  e->last_commit_ms = r.last_commit_ms;
  e->last_start_ms = r.last_start_ms;
  e->last_exit = r.last_exit;
  e->live_rows = r.live_rows;
  e->changes_before = r.changes;
  e->dead_letter_ms = r.dead_letter_ms;
  e->letters_in_a_row = r.letters_in_a_row;
  e->left_alone_ms = r.left_alone_ms;
  e->current_ms = r.current_ms;
  TableState& s = e->state;
  if (r.last_start_ms > 0) {
    // Rounded up, and never in the future: the wall clock may have been set back.
    Millis ago(std::max<int64_t>(0, UnixMillis(clock.wall()) - r.last_start_ms - 1));
    s.last_start = clock.steady() - ago;
  }
  if (r.paused) {  // whatever the settings are by now
    s.paused = true;
    s.phase = Phase::kPaused;
    s.reason = "paused by an operator";
    s.hint = "cdc resume " + r.table;
    return;
  }
  if (r.fingerprint != e->fingerprint) return;  // new settings, new luck
  s.crashes = r.crashes;
  s.retries = r.retries;
  s.failed_with = r.waiting_for;
  s.failing_since =
      clock.steady() - Millis(std::max<int64_t>(0, UnixMillis(clock.wall()) - r.waiting_since_ms));
  auto phase = ParsePhase(r.state);
  if (phase == Phase::kHeld) {
    s.phase = Phase::kHeld;
    s.reason = r.reason;
    s.hint = r.hint;
  } else if (phase == Phase::kBackoff) {
    s.phase = Phase::kBackoff;
    s.reason = r.reason;
    Millis left(
        std::clamp<int64_t>(r.due_ms - UnixMillis(clock.wall()), 0, e->rules.longest_crash_backoff.count()));
    s.due = clock.steady() + left;
  }
}

}  // namespace cdc::orchestrator
