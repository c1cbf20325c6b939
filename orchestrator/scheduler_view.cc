/// \file orchestrator/scheduler_view.cc
/// Scheduler's look at itself.

#include "orchestrator/scheduler.h"

namespace cdc::orchestrator {
namespace {

Millis Since(SteadyTime then, SteadyTime now) { return std::chrono::duration_cast<Millis>(now - then); }

/// `known`: Kafka's end offsets are of now.
TableView ViewOf(const JobEntry& e, bool known) {
  TableView v{.table = e.name(), .phase = e.state.phase, .reason = e.state.reason, .hint = e.state.hint};
  const contract::Progress none;
  const contract::Progress& now = e.run ? e.run->progress : none;
  if (v.reason.empty()) v.reason = now.doing;
  if (known) v.lag = PresentLag(e);
  v.events = e.totals.events + now.events;
  v.rows = e.rows_before + now.rows;
  v.deletes = e.totals.deletes + now.deletes;
  v.dead_letters = e.dead_letters_before + now.dead_letters;
  v.left_alone = e.left_alone_before + now.left_alone;
  v.last_commit_ms = e.last_commit_ms;
  v.last_start_ms = e.last_start_ms;
  v.starts = e.totals.starts;
  v.crashes = e.totals.crashes;
  v.retries = e.totals.retries;
  v.last_exit = e.last_exit;
  v.last_run = e.totals.last_run;
  if (e.run && e.run->process) v.pid = e.run->process->pid();
  return v;
}

}  // namespace

View Scheduler::Look() const {
  const SteadyTime now = clock_.steady();
  View view;
  view.uptime = Since(started_, now);
  view.running = ActiveJobs();
  view.max_jobs = config_ ? config_->orchestrator.max_jobs : 0;
  view.stopping = stopping_;
  view.ledger_writable = !ledger_down_;
  view.kafka_connected = last_answer_.has_value() && !kafka_down_;
  view.kafka_silence = Since(last_answer_.value_or(started_), now);
  view.tables.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    view.tables.push_back(ViewOf(*entry, view.kafka_connected));
    if (entry->state.phase == Phase::kPending && entry->state.due <= now) ++view.waiting;
  }
  return view;
}

}  // namespace cdc::orchestrator
