#include "orchestrator/runs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/contract/names.h"
#include "lib/contract/report.h"

namespace cdc::orchestrator {
namespace {

/// Takes the last words of a worker into the entry and its record.
/// \return the counts of the whole run, and whether it committed after its last message
std::pair<contract::Progress, bool> TakeReport(const std::string& line, JobEntry* entry,
                                               contract::RunRecord* record) {
  contract::Progress progress = entry->run->progress;
  const auto report = contract::DecodeReport(line);
  if (!report || report->table != record->table) return {progress, false};
  record->report = line;
  record->reason = report->reason;
  progress.events = report->events;
  progress.rows = report->rows;
  progress.deletes = report->deletes;
  progress.dead_letters = report->dead_letters;
  progress.left_alone = report->left_alone;
  progress.changes = report->changes;
  if (report->live_rows) progress.live_rows = report->live_rows;
  for (const auto& [partition, next] : report->to) entry->next[partition] = next;
  NoteCounts(entry->run->progress, progress, record->end_ms, entry);
  const bool committed = report->snapshot_id.has_value() && report->snapshot_id != progress.snapshot_id;
  if (committed) entry->last_commit_ms = std::max(entry->last_commit_ms, record->end_ms);
  return {progress, committed};
}

void Count(const contract::Progress& progress, const JobEnd& end, Millis took, JobEntry* entry) {
  entry->rows_before += progress.rows;
  entry->dead_letters_before += progress.dead_letters;
  entry->left_alone_before += progress.left_alone;
  entry->changes_before += progress.changes;
  RunTotals& totals = entry->totals;
  totals.events += progress.events;
  totals.deletes += progress.deletes;
  totals.last_run = took;
  if (end.outcome == Outcome::kTryAgain) ++totals.retries;
  if (end.outcome == Outcome::kCrashed) ++totals.crashes;
}

}  // namespace

JobSpec Runs::SpecOf(const JobEntry& entry, int64_t run) const {
  JobSpec spec{.table = entry.name(),
               .program = options_.jobs_folder / entry.settings.job,
               .args = {"--config", config_file_.string(), "--table", entry.name()},
               .run = std::to_string(run),
               .log = options_.layout.table_log(entry.name())};
  if (!accepted_.empty()) spec.args.insert(spec.args.end(), {"--accepted", accepted_.string()});
  if (options_.drain) spec.args.emplace_back("--drain");
  return spec;
}

void Runs::Start(JobEntry& entry) {
  entry.last_start_ms = UnixMillis(clock_.wall());
  // Written before the process exists: two starts within the rate limit must not happen even if we die in
  // between.
  ledger_.Write(entry);
  const int64_t run = ledger_.StartRun(entry, entry.detected_op.empty() ? "lag" : entry.detected_op);
  log_.Flush();
  const std::string table = entry.name();
  Launcher::Callbacks callbacks{
      .on_message = guard_.Wrap(
          [this, table, run](const contract::WorkerMessage& message) { OnMessage(table, run, message); }),
      .on_end = guard_.Wrap(
          [this, table, run](const JobEnd& end, const std::string& line) { OnEnd(table, run, end, line); })};
  auto process = launcher_.Start(SpecOf(entry, run), std::move(callbacks));
  if (!process) {
    ledger_.EndRun({.id = run,
                    .table = table,
                    .end_ms = entry.last_start_ms,
                    .exit = "not started",
                    .reason = process.error().message});
    return feed_(entry, StartFailed{process.error()});
  }
  entry.run = LiveRun{.id = run, .process = std::move(*process), .start_ms = entry.last_start_ms};
  // What was written first may have taken long, on a busy disk; the limit is between the starts themselves.
  entry.state.last_start = clock_.steady();
  entry.last_start_ms = UnixMillis(clock_.wall());
  ++entry.totals.starts;
  ledger_.Note(entry);
  ledger_.SetPid(run, entry.run->process->pid());
  LoggerOf(log_, entry).Info("{}", contract::TriggeredLine(table));
}

void Runs::Say(const JobEntry& entry, contract::Command command) {
  if (entry.run) entry.run->process->Say(command);
}

void Runs::Terminate(const JobEntry& entry) {
  if (!entry.run) return;
  LoggerOf(log_, entry).Info("terminates {}", entry.run->process->ref());
  entry.run->process->Terminate();
}

void Runs::Kill(const JobEntry& entry) {
  if (!entry.run) return;
  LoggerOf(log_, entry).Info("kills {}", entry.run->process->ref());
  entry.run->process->Kill();
}

JobEntry* Runs::Present(const std::string& table, int64_t run) const {
  JobEntry* entry = tables_.Find(table);
  return entry && entry->run && entry->run->id == run ? entry : nullptr;
}

void Runs::OnMessage(const std::string& table, int64_t run, const contract::WorkerMessage& message) {
  JobEntry* entry = Present(table, run);
  if (!entry) return;
  if (std::holds_alternative<contract::Ready>(message)) {
    feed_(*entry, WorkerReady{});
  } else if (const auto* progress = std::get_if<contract::Progress>(&message)) {
    OnProgress(*entry, *progress);
  } else {
    OnExiting(*entry, std::get<contract::Exiting>(message).next);
  }
}

void Runs::OnProgress(JobEntry& entry, const contract::Progress& progress) {
  const bool committed = progress.last_commit_ms > entry.run->progress.last_commit_ms;
  NoteCounts(entry.run->progress, progress, UnixMillis(clock_.wall()), &entry);
  entry.run->progress = progress;
  if (committed) entry.last_commit_ms = progress.last_commit_ms;
  for (const auto& [partition, next] : progress.next) entry.next[partition] = next;
  ledger_.Note(entry);
  feed_(entry, WorkerProgress{
                   .committed = committed, .caught_up = progress.caught_up, .in_doubt = progress.in_doubt});
}

void Runs::OnExiting(JobEntry& entry, const contract::PartitionOffsets& next) {
  for (const auto& [partition, offset] : next) entry.next[partition] = offset;
  ledger_.Note(entry);
  if (!entry.topic) return feed_(entry, WorkerExiting{.behind = false});
  backlogs_.AskEnds(entry, [this, table = entry.name(), run = entry.run->id,
                            topic = entry.topic->name](const std::map<int32_t, Span>* ends) {
    JobEntry* e = Present(table, run);
    if (!e) return;
    if (ends && e->topic && e->topic->name == topic) {
      for (const auto& [partition, span] : *ends) e->spans[partition].end = span.end;
    }
    // Without an answer it may go: what came in between shows up when the table listens again.
    feed_(*e, WorkerExiting{.behind = ends && HasLag(*e, e->next)});
  });
}

void Runs::OnEnd(const std::string& table, int64_t run, const JobEnd& end, const std::string& last_line) {
  JobEntry* entry = Present(table, run);
  if (!entry) return;
  contract::RunRecord record{
      .id = run, .table = table, .end_ms = UnixMillis(clock_.wall()), .exit = end.exit};
  const auto [progress, committed] = TakeReport(last_line, entry, &record);
  const Millis took(record.end_ms - entry->run->start_ms);
  LoggerOf(log_, *entry)
      .Info("{} exit={} rows={} seconds={:.1f}", contract::FinishedLine(table), record.exit, progress.rows,
            static_cast<double>(took.count()) / 1000.0);
  ledger_.EndRun(record);
  Count(progress, end, took, entry);
  entry->last_exit = record.exit;
  ended_.push_back(std::move(entry->run->process));
  entry->run.reset();
  ledger_.Note(*entry);
  backlogs_.NoteEnd();
  feed_(*entry, WorkerEnded{.end = end, .committed = committed, .reason = record.reason});
}

}  // namespace cdc::orchestrator
