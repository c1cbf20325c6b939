#include "jobs/source/kafka_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "jobs/worker/byte_budget.h"

namespace cdc::source {
namespace {

using worker::Checkpoint;
using worker::Cut;
using worker::SourceState;

constexpr size_t kMessagesPerPoll = 10'000;
constexpr Millis kWatermarkTimeout{10'000};
/// Without a broker for this long the run ends, to be tried again later.
constexpr Millis kOutagePatience{60'000};
/// A key change whose second half does not come for so long (it may be in another partition) is a delete.
constexpr Millis kKeyChangePatience{10'000};
/// Skips checking the topic again if the last check was less than this ago and reading has not paused since.
constexpr Millis kCheckInterval{1'000};
/// The byte budget is looked at every so many messages, or sooner when they are large.
constexpr size_t kBudgetMessages = 64, kBudgetBytes = 256 << 10;

}  // namespace

KafkaSource::KafkaSource(const SourceSettings& settings, int32_t partitions, Ports ports)
    : settings_(settings),
      ports_(std::move(ports)),
      positions_(settings.table, settings.topic, partitions),
      batch_limit_(worker::ShareOut(settings.memory_bytes).batch),
      last_read_(ports_.clock.steady()),
      spare_(std::make_shared<const rows::Schema>()) {}

Result<contract::PartitionOffsets> KafkaSource::Open() {
  std::vector<kafka::TopicPartition> all;
  for (int32_t number = 0; number < positions_.count(); ++number) all.push_back({settings_.topic, number});
  CDC_ASSIGN(const auto watermarks, ports_.consumer.Watermarks(all, kWatermarkTimeout));
  const auto& checkpoint = ports_.table.checkpoint();
  if (checkpoint) {
    replayed_ = checkpoint->replayed;
    passed_over_ = checkpoint->passed_over;
  }
  CDC_ASSIGN(const TopicPositions::Start start, positions_.Begin(watermarks, checkpoint));
  contract::PartitionOffsets from;
  for (const kafka::TopicPartitionOffset& each : start.offsets) from[each.partition] = each.offset;
  for (const int32_t partition : start.truncated) {
    ports_.log.Warn(
        "the table is begun with offset {} of {}[{}], for what came before is gone: rows that have not "
        "changed since "
        "are missing until a new Debezium snapshot brings them",
        from[partition], settings_.topic, partition);
  }
  opened_ = checked_ = ports_.clock.steady();
  CDC_TRY(ports_.consumer.Assign(start.offsets, start.look_back));
  return from;
}

// ---- reading

Result<SourceState> KafkaSource::Next(Millis wait) {
  if (taken_ == polled_.size()) CDC_TRY(Poll(wait));
  CDC_TRY(TakePending());
  if (taken_ == polled_.size()) CDC_TRY(FinishPoll());
  return State();
}

Status KafkaSource::Poll(Millis wait) {
  positions_.NoteLastRecords();  // the messages go
  taken_ = 0;
  const Status polled = ports_.consumer.Poll(wait, kMessagesPerPoll, &polled_);
  const SteadyTime now = ports_.clock.steady();
  if (polled_.refused_hint()) ports_.log.Warn("{}", Describe(*polled_.refused_hint()));
  if (!polled && polled.error().kind == ErrorKind::kNotFound) return positions_.TopicGone(polled.error());
  if (!polled && polled.error().kind != ErrorKind::kTransient) return polled.error();
  if (!polled && !unreachable_since_) {
    unreachable_since_ = now;
    ports_.log.Warn("{}", Describe(polled.error()));
  }
  if (!polled_.empty() || !polled_.ends().empty()) unreachable_since_.reset();
  if (unreachable_since_ && now - *unreachable_since_ > kOutagePatience) {
    return Error{ErrorKind::kTransient, "no Kafka broker can be reached"};
  }
  for (const kafka::PartitionProblem& problem : polled_.problems()) CDC_TRY(positions_.Judge(problem));
  for (const kafka::Message& earlier : polled_.earlier()) {
    CDC_TRY(positions_.Recognise(earlier));
    ports_.intake.NoteEarlier(earlier);
  }
  if (!polled_.empty()) last_read_ = now;
  ports_.intake.BeginPoll();
  return {};
}

/// Takes messages of the poll until all are taken, the batch is full, or another shape is due.
Status KafkaSource::TakePending() {
  const size_t before = std::exchange(refused_, kNone);
  size_t unchecked = 0, unchecked_bytes = 0;
  while (taken_ < polled_.size()) {
    const kafka::Message& message = polled_[taken_];
    const std::span<const kafka::Message> ahead(polled_.begin() + taken_, polled_.end());
    CDC_ASSIGN(const Verdict verdict, ports_.intake.Take(message, ahead, positions_.count()));
    if (verdict == Verdict::kCommitFirst) {
      refused_ = taken_;
      shape_due_ = true;
      return refused_ == before ? CannotFollow(message) : Status{};
    }
    positions_.NoteTaken(message);
    ++taken_;
    ++ports_.counts.events;
    changes_ += message.value() ? 1 : 0;  // a tombstone changes nothing
    unchecked_bytes += message.value() ? message.value()->size() : 0;
    if (++unchecked < kBudgetMessages && unchecked_bytes < kBudgetBytes) continue;
    unchecked = unchecked_bytes = 0;
    if (ports_.intake.byte_size() >= batch_limit_) return {};
  }
  return {};
}

/// The batch was committed for it, and its message asks for another shape once more.
Status KafkaSource::CannotFollow(const kafka::Message& message) const {
  return Error{ErrorKind::kUnsupported, fmt::format("the schema of {}[{}]@{} cannot be followed",
                                                    settings_.topic, message.partition(), message.offset())};
}

Status KafkaSource::FinishPoll() {
  positions_.NoteLastRecords();
  if (!polled_.empty()) upto_ms_ = std::max(upto_ms_, polled_[polled_.size() - 1].timestamp_ms());
  // Behind a delete comes its tombstone, which has no source.
  for (size_t i = polled_.size(); i-- > 0;) {
    if (!polled_[i].value()) continue;
    ports_.intake.NoteSource(polled_[i]);
    break;
  }
  for (const kafka::PartitionEnd& end : polled_.ends()) positions_.NoteEnd(end);
  polled_.clear();
  taken_ = 0;
  return {};
}

bool KafkaSource::HasGrown() {
  const auto topic = ports_.consumer.DescribeTopic(settings_.topic, kWatermarkTimeout);
  return topic && topic->partitions > positions_.count();
}

// ---- batches

TopicPositions::Bound KafkaSource::HeldBack() const {
  return [this](int32_t partition) { return ports_.intake.key_moves().HeldOffset(partition); };
}

SourceState KafkaSource::State() const {
  SourceState state;
  state.caught_up = taken_ == polled_.size() && positions_.caught_up();
  state.drained = positions_.drained();
  state.new_shape = shape_due_;
  state.alone = ports_.intake.commits_alone();
  state.batch_bytes = ports_.intake.byte_size();
  state.key_change_since = ports_.intake.key_moves().oldest();
  if (positions_.looking_back()) state.looking_back_since = opened_;
  state.last_read = last_read_;
  const bool given_up =
      state.key_change_since && ports_.clock.steady() - *state.key_change_since > kKeyChangePatience;
  state.dirty = ports_.intake.has_changes() || given_up || positions_.dirty(HeldBack());
  return state;
}

/// What has to be done on this thread before the batch can be committed.
Status KafkaSource::PrepareBatch(bool last) {
  positions_.NoteLastRecords();
  ports_.counts.left_alone = ports_.intake.left_alone();
  CDC_TRY(ports_.intake.CloseBatch(last ? SteadyTime::max() : ports_.clock.steady() - kKeyChangePatience));
  ports_.counts.dead_letters = ports_.letters.count();
  NotePassedOver();
  return ports_.tainted.SaveBeforeCommit();
}

Result<Cut> KafkaSource::End(bool last) {
  begin_at_confirm_ = ports_.intake.commits_alone();
  shape_due_ = false;
  CDC_TRY(PrepareBatch(last));
  Cut cut{std::move(spare_), PresentCheckpoint(), positions_.Committable(HeldBack()), positions_.backlog(),
          GateOf(TakeWitnesses())};
  cut.changes = std::max<int64_t>(0, changes_ - ports_.counts.left_alone - ports_.counts.dead_letters);
  cut.upto_ms = upto_ms_;
  ports_.intake.SwapFold(&cut.fold);
  if (!begin_at_confirm_) BeginBatch(cut.upto);
  return cut;
}

void KafkaSource::BeginBatch(const contract::PartitionOffsets& upto) {
  positions_.HandOver(upto);
  ports_.intake.StartBatch();
}

Result<SourceState> KafkaSource::Confirm(Cut done) {
  if (begin_at_confirm_) {
    CDC_TRY(ports_.tainted.SaveAfterCommit());
    BeginBatch(done.upto);
    begin_at_confirm_ = false;
  }
  spare_ = std::move(done.fold);
  std::vector<kafka::TopicPartitionOffset> hints;
  for (const auto& [number, next] : done.upto) hints.push_back({settings_.topic, number, next});
  ports_.consumer.CommitHint(hints);
  return State();
}

contract::LastRecords KafkaSource::TakeWitnesses() {
  const bool long_ago = ports_.clock.steady() - checked_ > kCheckInterval;
  contract::LastRecords witnesses = positions_.TakeWitnesses(long_ago);
  if (!witnesses.empty()) checked_ = ports_.clock.steady();
  return witnesses;
}

std::function<Status()> KafkaSource::GateOf(contract::LastRecords witnesses) {
  return [this, witnesses = std::move(witnesses)]() -> Status {
    if (witnesses.empty()) return {};
    CDC_ASSIGN(const std::optional<int32_t> other, ports_.witness.FindOther(settings_.topic, witnesses));
    return other ? Status(positions_.Recreated(*other, witnesses.at(*other).offset)) : Status{};
  };
}

/// A letter may have been written by a run that was killed before its commit, and its record been applied by
/// the next. Which records the table has really passed over, its commits say.
void KafkaSource::NotePassedOver() {
  for (const auto& [partition, offsets] : ports_.letters.TakeAdded()) {
    for (const int64_t offset : offsets) passed_over_.Add(partition, offset);
  }
  passed_over_.Bound(contract::kMostRecordRanges);
}

Checkpoint KafkaSource::PresentCheckpoint() const {
  Checkpoint checkpoint;
  positions_.Describe(HeldBack(), &checkpoint);
  ports_.intake.AddTo(&checkpoint);
  checkpoint.replayed = replayed_;
  checkpoint.passed_over = passed_over_;
  return checkpoint;
}

}  // namespace cdc::source
