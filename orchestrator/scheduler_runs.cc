/// \file orchestrator/scheduler_runs.cc
/// Scheduler's dealings with worker processes: start, messages, end.

#include "lib/contract/names.h"
#include "lib/contract/report.h"
#include "orchestrator/scheduler.h"

namespace cdc::orchestrator {
namespace {

constexpr int kRunsKept = 200;  // per table

void Count(const JobEnd& end, RunTotals* totals) {
  if (end.outcome == Outcome::kTryAgain) ++totals->retries;
  if (end.outcome == Outcome::kCrashed) ++totals->crashes;
}

}  // namespace

void Scheduler::StartWorker(JobEntry& entry) {
  entry.last_start_ms = UnixMillis(clock_.wall());
  dirty_.insert(&entry);
  // Written before the process exists: two starts within the rate limit must not happen even if we die in
  // between.
  Write({ToRecord(entry, clock_)});
  std::string why = entry.detected_op.empty() ? "lag" : entry.detected_op;
  auto id = ledger_.StartRun(entry.name(), entry.last_start_ms, why);
  // Without a ledger runs still need different names.
  int64_t run = id ? *id : entry.last_start_ms;
  JobSpec spec{.table = entry.name(),
               .program = options_.jobs_folder / entry.settings.job,
               .args = {"--config", config_->file.string(), "--table", entry.name()},
               .log = options_.layout.table_log(entry.name())};
  if (!accepted_.empty()) spec.args.insert(spec.args.end(), {"--accepted", accepted_.string()});
  if (options_.drain) spec.args.emplace_back("--drain");
  log_.Flush();
  const std::string table = entry.name();
  Launcher::Callbacks callbacks{
      .on_message = Guard(
          [this, table, run](const contract::WorkerMessage& message) { OnMessage(table, run, message); }),
      .on_end = Guard(
          [this, table, run](const JobEnd& end, const std::string& line) { OnEnd(table, run, end, line); })};
  auto process = launcher_.Start(spec, std::move(callbacks));
  if (!process) {
    (void)ledger_.EndRun({.id = run,
                          .table = entry.name(),
                          .end_ms = entry.last_start_ms,
                          .exit = "not started",
                          .reason = process.error().message});
    return Feed(entry, StartFailed{process.error()});
  }
  entry.run = LiveRun{.id = run, .process = std::move(*process), .start_ms = entry.last_start_ms};
  // What was written first may have taken long, on a busy disk; the limit is between the starts themselves.
  entry.state.last_start = clock_.steady();
  entry.last_start_ms = UnixMillis(clock_.wall());
  ++entry.totals.starts;
  (void)ledger_.SetPid(run, entry.run->process->pid());
  LoggerOf(entry).Info("{}", contract::TriggeredLine(entry.name()));
}

void Scheduler::OnMessage(const std::string& table, int64_t run, const contract::WorkerMessage& message) {
  JobEntry* entry = Find(table);
  if (!entry || !entry->run || entry->run->id != run) return;
  if (std::holds_alternative<contract::Ready>(message)) {
    Feed(*entry, WorkerReady{});
  } else if (const auto* progress = std::get_if<contract::Progress>(&message)) {
    OnProgress(*entry, *progress);
  } else {
    OnExiting(*entry, std::get<contract::Exiting>(message).next);
  }
}

void Scheduler::OnProgress(JobEntry& entry, const contract::Progress& progress) {
  bool committed = progress.last_commit_ms > entry.run->progress.last_commit_ms;
  entry.run->progress = progress;
  if (committed) entry.last_commit_ms = progress.last_commit_ms;
  for (const auto& [partition, next] : progress.next) entry.next[partition] = next;
  dirty_.insert(&entry);
  Feed(entry, WorkerProgress{
                  .committed = committed, .caught_up = progress.caught_up, .in_doubt = progress.in_doubt});
}

void Scheduler::OnExiting(JobEntry& entry, const contract::PartitionOffsets& next) {
  for (const auto& [partition, offset] : next) entry.next[partition] = offset;
  dirty_.insert(&entry);
  if (!entry.topic) return Feed(entry, WorkerExiting{.behind = false});
  auto done = [this, table = entry.name(), run = entry.run->id](const Result<Spans>& spans) {
    JobEntry* e = Find(table);
    if (!e || !e->run || e->run->id != run) return;
    if (spans && e->topic && spans->contains(e->topic->name)) {
      for (const auto& [partition, span] : spans->at(e->topic->name)) e->spans[partition].end = span.end;
    }
    // Without an answer it may go: what came in between shows up when the table listens again.
    Feed(*e, WorkerExiting{.behind = spans.has_value() && HasLag(*e, e->next)});
  };
  source_.AskSpans({{entry.topic->name, entry.topic->partitions, false}}, Guard(std::move(done)));
}

void Scheduler::OnEnd(const std::string& table, int64_t run, const JobEnd& end,
                      const std::string& last_line) {
  JobEntry* entry = Find(table);
  if (!entry || !entry->run || entry->run->id != run) return;
  contract::RunRecord record{.id = run, .table = table, .end_ms = UnixMillis(clock_.wall())};
  contract::Progress progress = entry->run->progress;
  bool committed = false;
  auto report = contract::DecodeReport(last_line);
  if (report && report->table == table) {
    record.report = last_line;
    record.reason = report->reason;
    progress.events = report->events;
    progress.rows = report->rows;
    progress.deletes = report->deletes;
    progress.dead_letters = report->dead_letters;
    progress.left_alone = report->left_alone;
    for (const auto& [partition, next] : report->to) entry->next[partition] = next;
    committed = report->snapshot_id.has_value() && report->snapshot_id != progress.snapshot_id;
    if (committed) entry->last_commit_ms = std::max(entry->last_commit_ms, record.end_ms);
  }
  record.exit = end.exit;
  LoggerOf(*entry).Info("{} exit={} rows={} seconds={:.1f}", contract::FinishedLine(table), record.exit,
                        progress.rows, static_cast<double>(record.end_ms - entry->run->start_ms) / 1000.0);
  (void)ledger_.EndRun(record);
  (void)ledger_.Prune(table, kRunsKept);
  entry->rows_before += progress.rows;
  entry->dead_letters_before += progress.dead_letters;
  entry->left_alone_before += progress.left_alone;
  entry->totals.events += progress.events;
  entry->totals.deletes += progress.deletes;
  entry->totals.last_run = Millis(record.end_ms - entry->run->start_ms);
  Count(end, &entry->totals);
  entry->last_exit = record.exit;
  ended_.push_back(std::move(entry->run->process));
  entry->run.reset();
  dirty_.insert(entry);
  spans_stale_ = true;
  if (options_.drain) sweep_due_ = clock_.steady();
  Feed(*entry, WorkerEnded{.end = end, .committed = committed, .reason = record.reason});
}

}  // namespace cdc::orchestrator
