#include "jobs/worker/loop.h"

#include <algorithm>
#include <chrono>

#include "jobs/worker/byte_budget.h"

namespace cdc::worker {
namespace {

constexpr Millis kProgressInterval{5'000};
constexpr Millis kAnswerTimeout{5'000};

Batch BatchOf(const Cut& cut) { return {cut.fold, cut.checkpoint, cut.backlog}; }

}  // namespace

CourseRules RulesOf(const TableSettings& settings, bool drain) {
  CourseRules rules;
  rules.drain = drain;
  rules.pace.commit_interval = settings.commit_interval;
  rules.pace.idle_timeout = settings.idle_timeout;
  rules.pace.batch_bytes = ShareOut(settings.memory_bytes).batch;
  return rules;
}

Loop::Loop(const CourseRules& rules, Ports ports) : rules_(rules), ports_(std::move(ports)) {}

Loop::~Loop() {
  if (flight_) (void)ports_.table.AwaitCommit();
}

Status Loop::Run(contract::Report* report) {
  report_ = report;
  CDC_ASSIGN(const CourseEvent opened, Open());
  CourseStep step = Next(rules_, state_, opened, ports_.clock.steady());
  while (step.action != Do::kEnd) {
    state_ = step.state;
    if (!state_.leaving && ToldToStop()) {
      step = Next(rules_, state_, {.what = Happened::kStop}, ports_.clock.steady());
      continue;
    }
    Result<CourseEvent> event = Perform(step);
    NoteCounts();
    step = Next(rules_, state_, event ? *event : Failed(event.error(), step), ports_.clock.steady());
  }
  return ended_;
}

Result<CourseEvent> Loop::Open() {
  const SteadyTime now = ports_.clock.steady();
  last_progress_ = now;
  state_.last_commit = now - std::max(rules_.pace.commit_interval, rules_.pace.lagging_interval);
  CDC_ASSIGN(report_->from, ports_.source.Open());
  report_->to = report_->from;
  ports_.channel.SendReady();
  CourseEvent event{.what = Happened::kOpened};
  event.source.last_read = now;
  return event;
}

/// The first error is the run's; a commit under way arrives all the same, and the report tells of it.
CourseEvent Loop::Failed(Error error, const CourseStep& step) {
  if (ended_)
    ended_ = std::move(error);
  else
    ports_.log.Warn("the commit under way failed as well: {}", Describe(error));
  return {.what = step.action == Do::kAwait ? Happened::kSunk : Happened::kFailed};
}

bool Loop::ToldToStop() {
  bool told = ports_.stop.load(std::memory_order_relaxed);
  while (const auto command = ports_.channel.Poll()) {
    told |= *command == contract::Command::kStop || *command == contract::Command::kYield ||
            *command == contract::Command::kOrphaned;
    if (*command == contract::Command::kOrphaned) break;
  }
  return told;
}

Result<CourseEvent> Loop::Perform(const CourseStep& step) {
  switch (step.action) {
    case Do::kRead: return Read(step.wait);
    case Do::kCommit: return Commit(false);
    case Do::kCommitLast: return Commit(true);
    case Do::kCommitAhead: return CommitAhead();
    case Do::kAwait: return Land();
    case Do::kTidyIdle: return Tidy(Tidying::kIdle);
    case Do::kTidyAtEnd: return Tidy(Tidying::kAtEnd);
    case Do::kOffer: return Offer();
    case Do::kClose: CDC_TRY(ports_.table.Close()); return CourseEvent{.what = Happened::kClosed};
    case Do::kEnd: break;
  }
  return CourseEvent{.what = Happened::kClosed};
}

Result<CourseEvent> Loop::Read(Millis wait) {
  CDC_ASSIGN(SourceState source, ports_.source.Next(wait));
  if (ports_.clock.steady() - last_progress_ > kProgressInterval) SendProgress(source);
  return CourseEvent{
      .what = Happened::kRead, .source = std::move(source), .landed = flight_ && !ports_.table.committing()};
}

// ---- commits

Result<CourseEvent> Loop::Commit(bool last) {
  CDC_ASSIGN(Cut cut, ports_.source.End(last));
  CDC_TRY(cut.gate());
  // Messages before the table exists (garbage, removals of nothing) have no snapshot to be remembered in.
  if (ports_.table.shape().schema != nullptr) {
    const SteadyTime started = ports_.clock.steady();
    CDC_TRY(NoteOutcome(ports_.table.Commit(BatchOf(cut)), started));
  }
  const contract::PartitionOffsets upto = cut.upto;
  NoteApplied(cut);
  CDC_ASSIGN(SourceState source, ports_.source.Confirm(std::move(cut)));
  NoteCommitted(upto, source);
  // Also under load, a little at a time: without it files and snapshots would grow for as long as the load
  // lasts.
  if (ports_.table.shape().schema != nullptr) {
    const auto more = ports_.table.Maintain(Tidying::kBetweenCommits);
    if (!more) CDC_TRY(JudgeUntidy(more.error()));
  }
  return CourseEvent{.what = Happened::kCommitted, .source = std::move(source)};
}

Result<CourseEvent> Loop::CommitAhead() {
  CDC_ASSIGN(Cut cut, ports_.source.End(false));
  flight_.emplace(Flight{std::move(cut), ports_.clock.steady()});
  ports_.table.BeginCommit(BatchOf(flight_->cut), flight_->cut.gate);
  return CourseEvent{.what = Happened::kSentAhead};
}

/// Waits for the commit of the batch before.
Result<CourseEvent> Loop::Land() {
  const auto outcome = ports_.table.AwaitCommit();
  Flight done = std::move(*flight_);
  flight_.reset();
  CDC_TRY(NoteOutcome(outcome, done.started));
  const contract::PartitionOffsets upto = done.cut.upto;
  NoteApplied(done.cut);
  CDC_ASSIGN(SourceState source, ports_.source.Confirm(std::move(done.cut)));
  NoteCommitted(upto, source);
  if (outcome->untidy) CDC_TRY(JudgeUntidy(*outcome->untidy));
  return CourseEvent{.what = Happened::kLanded, .source = std::move(source)};
}

Status Loop::NoteOutcome(const Result<Committed>& committed, SteadyTime started) {
  in_doubt_ = !committed && committed.error().kind == ErrorKind::kCommitUnknown;
  if (!committed) return committed.error();
  report_->rows += committed->rows;
  report_->deletes += committed->deletes;
  report_->snapshot_id = committed->snapshot_id;
  last_commit_ms_ = UnixMillis(ports_.clock.wall());
  ports_.log.Debug("committed snapshot={} rows={} deletes={} ms={}", committed->snapshot_id, committed->rows,
                   committed->deletes,
                   std::chrono::duration_cast<Millis>(ports_.clock.steady() - started).count());
  return {};
}

void Loop::NoteApplied(const Cut& cut) {
  report_->changes = cut.changes;
  upto_ms_ = std::max(upto_ms_, cut.upto_ms);
}

void Loop::NoteCommitted(const contract::PartitionOffsets& upto, const SourceState& source) {
  for (const auto& [number, next] : upto) report_->to[number] = next;
  NoteCounts();
  SendProgress(source);
}

// ---- tidying up, and the end

Result<CourseEvent> Loop::Tidy(Tidying when) {
  const auto more =
      ports_.table.shape().schema != nullptr ? ports_.table.Maintain(when) : Result<bool>(false);
  if (!more) CDC_TRY(JudgeUntidy(more.error()));
  return CourseEvent{.what = Happened::kTidied, .more = more && *more};
}

/// What fails here fails again later and harms nothing, unless nobody knows what is committed.
Status Loop::JudgeUntidy(const Error& error) const {
  if (error.kind == ErrorKind::kCommitUnknown || error.kind == ErrorKind::kCorrupt) return error;
  ports_.log.Warn("maintenance put off: {}", Describe(error));
  return {};
}

/// Losing the answer is no harm: the orchestrator finds lag by itself.
Result<CourseEvent> Loop::Offer() {
  ports_.channel.SendExiting(report_->to);
  const contract::Command answer = ports_.channel.AwaitAnswer(kAnswerTimeout);
  if (answer != contract::Command::kStay) return CourseEvent{.what = Happened::kGo};
  // What the orchestrator sees and this run cannot, the next run reads.
  return CourseEvent{.what = ports_.source.HasGrown() ? Happened::kGo : Happened::kStay};
}

void Loop::NoteCounts() {
  report_->events = ports_.counts.events;
  report_->left_alone = ports_.counts.left_alone;
  report_->dead_letters = ports_.counts.dead_letters;
  report_->live_rows = ports_.table.live_rows();
}

void Loop::SendProgress(const SourceState& source) {
  last_progress_ = ports_.clock.steady();
  contract::Progress progress;
  progress.next = report_->to;
  progress.caught_up = source.caught_up && !source.dirty && !flight_;
  if (progress.caught_up) progress.lag = 0;
  progress.in_doubt = in_doubt_;
  progress.events = report_->events;
  progress.deletes = report_->deletes;
  progress.rows = report_->rows;
  progress.dead_letters = report_->dead_letters;
  progress.left_alone = report_->left_alone;
  progress.snapshot_id = report_->snapshot_id;
  progress.last_commit_ms = last_commit_ms_;
  progress.changes = report_->changes;
  progress.live_rows = report_->live_rows;
  progress.upto_ms = upto_ms_;
  ports_.channel.SendProgress(progress);
}

}  // namespace cdc::worker
