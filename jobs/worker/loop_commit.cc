#include <algorithm>

#include "jobs/worker/loop.h"

namespace cdc::worker {
namespace {

/// Before the end of a run that was told to end where its topic ends.
constexpr Millis kLastMaintenance{5'000};

}  // namespace

/// What has to be seen again before the batch may be committed: a record of each partition from before it.
/// If that is there still, all that was read since is of the same topic.
contract::LastRecords Loop::TakeWitnesses() {
  const bool long_ago = ports_.clock.steady() - checked_ > kStraightOn;
  contract::LastRecords witnesses;
  for (auto& [number, partition] : partitions_) {
    if (!partition.sure || !partition.last || partition.sure->offset == partition.last->offset) continue;
    if (!long_ago && !partition.after_end) continue;
    witnesses.emplace(number, *partition.sure);
    partition.sure = partition.last;
    partition.after_end = false;
  }
  if (!witnesses.empty()) checked_ = ports_.clock.steady();
  return witnesses;
}

/// Also on the sink's thread, while no other commit is under way.
Status Loop::CheckTopic(const contract::LastRecords& witnesses) {
  if (witnesses.empty()) return {};
  CDC_ASSIGN(const std::optional<int32_t> other, ports_.witness.FindOther(settings_.topic, witnesses));
  return other ? Status(TopicAnew(*other, witnesses.at(*other).offset)) : Status{};
}

/// What has to be done on this thread before the batch can be committed.
Status Loop::PrepareCommit() {
  NoteLastRecords();
  report_->left_alone = ports_.intake.left_alone();
  CDC_TRY(ports_.intake.JudgeLeftAlone());
  Fold& fold = ports_.intake.fold();
  CDC_TRY(GiveUpKeyChanges(ports_.clock.steady() - kKeyChangePatience));
  ports_.intake.SetAsideKeyChanges();
  CDC_TRY(ports_.intake.KeepDisplaced());
  if (!fold.gaps().empty()) {
    CDC_ASSIGN(const std::vector<uint32_t> unknown, ports_.sink.FillGaps(&fold));
    for (const uint32_t row : unknown) CDC_TRY(ports_.intake.AbandonRow(row));
  }
  CDC_TRY(ports_.intake.SendLetters());
  CDC_TRY(ports_.letters.Flush());
  CDC_TRY(ports_.intake.SaveStreak());
  NotePassedOver();
  CDC_TRY(ports_.tainted.SaveBeforeCommit());
  report_->dead_letters = ports_.letters.count();
  return {};
}

Status Loop::CommitBatch() {
  CDC_TRY(FinishCommit());
  CDC_TRY(PrepareCommit());
  CDC_TRY(CheckTopic(TakeWitnesses()));
  const contract::PartitionOffsets offsets = CommittableOffsets();
  // Messages before the table exists (garbage, removals of nothing) have no snapshot to be remembered in.
  if (ports_.sink.schema() != nullptr) {
    const SteadyTime started = ports_.clock.steady();
    ports_.sink.Expect(Backlog());
    CDC_TRY(TakeOutcome(ports_.sink.Commit(ports_.intake.fold(), PresentMarker()), started, offsets));
  }
  CDC_TRY(ports_.tainted.SaveAfterCommit());
  HandOver(offsets);
  NoteCommitted(offsets);
  // Also under load, a little at a time: without it files and snapshots would grow for as long as the load
  // lasts.
  return Tidy(Tidying::kBetweenCommits);
}

/// Behind a backlog the batch is encoded and committed by a second thread while this one reads the next. Only
/// the plain case: what has to be saved or forgotten with the commit keeps to one thread.
Status Loop::CommitAhead() {
  if (CaughtUp() || leaving_ || (drain_ && Drained()) || ports_.sink.schema() == nullptr ||
      !ports_.intake.fold().gaps().empty() || ports_.intake.InKeyChange() || ports_.tainted.has_changes()) {
    return CommitBatch();
  }
  CDC_TRY(FinishCommit());
  CDC_TRY(PrepareCommit());
  flight_.emplace(Flight{std::move(spare_), PresentMarker(), CommittableOffsets(), ports_.clock.steady()});
  ports_.intake.SwapFold(&flight_->fold);
  ports_.sink.Expect(Backlog());
  ports_.sink.BeginCommit(flight_->fold, flight_->marker,
                          [this, witnesses = TakeWitnesses()] { return CheckTopic(witnesses); });
  HandOver(flight_->offsets);
  return {};
}

/// Waits for the commit of the batch before, if one is under way.
Status Loop::FinishCommit() {
  if (!flight_) return {};
  const auto outcome = ports_.sink.AwaitCommit();
  Flight done = std::move(*flight_);
  flight_.reset();
  spare_ = std::move(done.fold);
  CDC_TRY(TakeOutcome(outcome, done.started, done.offsets));
  NoteCommitted(done.offsets);
  return outcome->untidy ? JudgeUntidy(*outcome->untidy) : Status{};
}

Status Loop::TakeOutcome(const Result<Committed>& committed, SteadyTime started,
                         const contract::PartitionOffsets& offsets) {
  in_doubt_ = !committed && committed.error().kind == ErrorKind::kCommitUnknown;
  if (!committed) return committed.error();
  report_->rows += committed->rows;
  report_->deletes += committed->deletes;
  report_->snapshot_id = committed->snapshot_id;
  last_commit_ms_ = UnixMillis(ports_.clock.wall());
  untidy_ = true;
  ports_.log.Debug("committed snapshot={} rows={} deletes={} ms={}", committed->snapshot_id, committed->rows,
                   committed->deletes,
                   std::chrono::duration_cast<Millis>(ports_.clock.steady() - started).count());
  std::vector<kafka::TopicPartitionOffset> hints;
  for (const auto& [number, next] : offsets) hints.push_back({settings_.topic, number, next});
  ports_.consumer.CommitHint(hints);
  return {};
}

/// The batch is out of this thread's hands: the next one begins.
void Loop::HandOver(const contract::PartitionOffsets& offsets) {
  for (const auto& [number, next] : offsets) partitions_[number].handed = next;
  ports_.intake.StartBatch();
  last_commit_ = ports_.clock.steady();
}

void Loop::NoteCommitted(const contract::PartitionOffsets& offsets) {
  for (const auto& [number, next] : offsets) report_->to[number] = next;
  SendProgress();
}

/// What fails here fails again later and harms nothing, unless nobody knows what is committed.
Status Loop::Tidy(Tidying when) {
  if (ports_.sink.schema() == nullptr) return {};
  const auto more = ports_.sink.Maintain(when);
  if (when != Tidying::kBetweenCommits) untidy_ = more && *more;
  return more ? Status{} : JudgeUntidy(more.error());
}

Status Loop::JudgeUntidy(const Error& error) const {
  if (error.kind == ErrorKind::kCommitUnknown || error.kind == ErrorKind::kCorrupt) return error;
  ports_.log.Warn("maintenance put off: {}", Describe(error));
  return {};
}

/// Nothing has come for a while and something is left to tidy up: that takes small steps, so that what comes
/// now, messages and commands, waits no longer than for one of them.
bool Loop::TimeToTidy() const {
  const Millis quiet = std::min<Millis>(kQuiet, rules_.idle_timeout / 2);
  return untidy_ && !leaving_ && !flight_ && CaughtUp() && ports_.clock.steady() - last_message_ >= quiet;
}

/// A drained table has no idle time: what is due is done before the end.
Status Loop::MaintainAtEnd() {
  const SteadyTime end = ports_.clock.steady() + kLastMaintenance;
  while (untidy_ && CaughtUp() && !leaving_ && ports_.clock.steady() < end) {
    CDC_TRY(Tidy(Tidying::kAtEnd));
    ListenToCommands();
  }
  return {};
}

/// Draining ends where the topic ends. A key change that is open there is a delete, for all that can be
/// known.
Status Loop::FinishKeyChanges() {
  if (!drain_ || leaving_ || !ports_.intake.InKeyChange()) return {};
  CDC_TRY(GiveUpKeyChanges(SteadyTime::max()));
  return CommitBatch();
}

Status Loop::GiveUpKeyChanges(SteadyTime since) {
  const std::vector<Hash128> keys = ports_.intake.ForgetKeyChanges(since);
  return keys.empty() ? Status{} : ports_.sink.KeepMoved(keys, ports_.intake.fold());
}

/// The first half of a key change is committed with its second half, so that a restart reads both again.
int64_t Loop::CommittableOffset(int32_t number, const Partition& partition) const {
  return std::min(partition.next, ports_.intake.HeldOffset(number).value_or(partition.next));
}

/// Records that were there at the start and are not read yet.
int64_t Loop::Backlog() const {
  int64_t records = 0;
  for (const auto& [number, partition] : partitions_) {
    records += std::max<int64_t>(partition.target - partition.next, 0);
  }
  return records;
}

contract::PartitionOffsets Loop::CommittableOffsets() const {
  contract::PartitionOffsets offsets;
  for (const auto& [number, partition] : partitions_) offsets[number] = CommittableOffset(number, partition);
  return offsets;
}

/// Of the messages of a poll only each partition's last one is hashed, and the last before a commit.
void Loop::NoteLastRecords() {
  for (auto& [number, partition] : partitions_) {
    if (partition.unnoted == nullptr) continue;
    partition.last = {partition.unnoted->offset(), FingerprintOf(*partition.unnoted)};
    partition.unnoted = nullptr;
  }
}

/// A letter may have been written by a run that was killed before its commit, and its record been applied by
/// the next. Which records the table has really passed over, its commits say.
void Loop::NotePassedOver() {
  for (const auto& [partition, offsets] : ports_.letters.TakeAdded()) {
    for (const int64_t offset : offsets) passed_over_.Add(partition, offset);
  }
  passed_over_.Bound(contract::kMostRecordRanges);
}

Marker Loop::PresentMarker() const {
  Marker marker;
  marker.offsets[settings_.topic] = CommittableOffsets();
  for (const auto& [number, partition] : partitions_) {
    // An open key change holds the offset back: which record comes before it is not known any more.
    if (partition.last && partition.last->offset < CommittableOffset(number, partition)) {
      marker.last_records[settings_.topic][number] = *partition.last;
    }
    if (partition.newest_ms < 0) continue;
    marker.valid_through_ms =
        std::min(marker.valid_through_ms.value_or(partition.newest_ms), partition.newest_ms);
  }
  ports_.intake.AddTo(&marker);
  marker.replayed = replayed_;
  marker.passed_over = passed_over_;
  return marker;
}

}  // namespace cdc::worker
