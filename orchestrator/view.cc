#include "orchestrator/view.h"

#include "lib/core/redaction.h"
#include "orchestrator/job_entry.h"

namespace cdc::orchestrator {

TableView ViewOf(const JobEntry& e, bool known, const Clock& clock) {
  TableView v{.table = e.name(),
              .phase = e.state.phase,
              .reason = WithoutSecrets(e.state.reason),
              .hint = WithoutSecrets(e.state.hint)};
  const contract::Progress none;
  const contract::Progress& now = e.run ? e.run->progress : none;
  if (v.reason.empty()) v.reason = now.doing;
  if (known) v.lag = PresentLag(e);
  v.events = e.totals.events + now.events;
  v.rows = e.rows_before + now.rows;
  v.deletes = e.totals.deletes + now.deletes;
  v.dead_letters = e.dead_letters_before + now.dead_letters;
  v.left_alone = e.left_alone_before + now.left_alone;
  v.live_rows = e.live_rows;
  v.changes = e.changes_before + now.changes;
  v.dead_letter_ms = e.dead_letter_ms;
  v.letters_in_a_row = e.letters_in_a_row;
  v.left_alone_ms = e.left_alone_ms;
  v.current_ms = e.current_ms;
  v.waiting_for = WithoutSecrets(e.state.failed_with);
  if (!v.waiting_for.empty()) {
    const auto ago = std::chrono::duration_cast<Millis>(clock.steady() - e.state.failing_since);
    v.waiting_since_ms = UnixMillis(clock.wall()) - ago.count();
  }
  v.last_commit_ms = e.last_commit_ms;
  v.last_start_ms = e.last_start_ms;
  v.starts = e.totals.starts;
  v.crashes = e.totals.crashes;
  v.retries = e.totals.retries;
  v.last_exit = e.last_exit;
  v.last_run = e.totals.last_run;
  if (e.run) v.pid = e.run->process->pid();
  if (!e.trail.empty()) v.state_since_ms = e.trail.back().at_ms;
  v.due_ms = DueMs(e, clock);
  return v;
}

TableDetail DetailOf(const JobEntry& e) {
  const config::Table& s = e.settings;
  TableDetail d{.states = e.trail, .job = s.job, .sink = s.sink, .target = s.target,
                .append = s.mode == config::Mode::kAppend};
  if (s.key) d.key = *s.key;
  d.columns.assign(s.columns.begin(), s.columns.end());
  if (!e.topic) return d;
  d.topic = e.topic->name;
  d.dead_letters = s.dead_letter_topic(d.topic);
  for (int32_t p = 0; p < e.topic->partitions; ++p) {
    PartitionPlace place{.partition = p};
    if (const auto next = e.next.find(p); next != e.next.end()) place.next = next->second;
    if (const auto span = e.spans.find(p); span != e.spans.end()) {
      place.low = span->second.low;
      place.end = span->second.end;
    }
    d.partitions.push_back(place);
  }
  return d;
}

contract::Facts FactsOf(const View& view) {
  contract::Facts facts{
      .now_ms = view.now_ms,
      .stopping = view.stopping,
      .ledger_writable = view.ledger_writable,
      .kafka = {view.kafka_connected, view.kafka_silence, view.kafka_away_since_ms, view.kafka_error},
      .source = view.source};
  facts.tables.reserve(view.tables.size());
  for (const TableView& t : view.tables) {
    facts.tables.push_back({.table = t.table,
                            .state = ToString(t.phase),
                            .reason = t.reason,
                            .hint = t.hint,
                            .waiting_for = t.waiting_for,
                            .waiting_since_ms = t.waiting_since_ms,
                            .dead_letters = t.dead_letters,
                            .dead_letter_ms = t.dead_letter_ms,
                            .letters_in_a_row = t.letters_in_a_row,
                            .left_alone = t.left_alone,
                            .left_alone_ms = t.left_alone_ms});
  }
  return facts;
}

}  // namespace cdc::orchestrator
