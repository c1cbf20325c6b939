#include "tests/unit/run_loop/replayed_source.h"

namespace cdc::worker {
namespace {

constexpr Millis kPatience{10'000};

}  // namespace

Result<contract::PartitionOffsets> ReplayedSource::Open() {
  for (size_t p = 0; p < ports_.log.size(); ++p) {
    const auto number = static_cast<int32_t>(p);
    const auto& checkpoint = ports_.table.checkpoint();
    next_[number] = checkpoint ? checkpoint->offsets.at(topic_).at(number) : 0;
  }
  handed_ = next_;
  last_read_ = ports_.clock.steady();
  return next_;
}

Result<SourceState> ReplayedSource::Next(Millis wait) {
  CDC_ASSIGN(size_t left, ports_.next());
  bool any = false;
  ports_.intake.BeginPoll();
  for (auto& [partition, offset] : next_) {
    const auto& records = ports_.log[static_cast<size_t>(partition)];
    while (left > 0 && offset < static_cast<int64_t>(records.size())) {
      const kafka::Message message = kafka::Message::Of(records[static_cast<size_t>(offset)]);
      CDC_ASSIGN(const auto verdict,
                 ports_.intake.Take(message, {&message, 1}, static_cast<int32_t>(next_.size())));
      any = true;
      if (verdict == source::Verdict::kCommitFirst) {
        shape_due_ = true;
        return State();
      }
      ++offset;
      --left;
      ++ports_.counts.events;
    }
  }
  if (any) last_read_ = ports_.clock.steady();
  ports_.clock.ms += any ? 1 : wait.count();
  return State();
}

contract::PartitionOffsets ReplayedSource::Committable() const {
  contract::PartitionOffsets offsets;
  for (const auto& [partition, next] : next_)
    offsets[partition] = std::min(next, ports_.intake.key_moves().HeldOffset(partition).value_or(next));
  return offsets;
}

SourceState ReplayedSource::State() const {
  SourceState state;
  state.caught_up = true;
  for (const auto& [partition, next] : next_)
    state.caught_up &= next == static_cast<int64_t>(ports_.log[static_cast<size_t>(partition)].size());
  state.drained = state.caught_up;
  state.new_shape = shape_due_;
  state.alone = ports_.intake.commits_alone();
  state.batch_bytes = ports_.intake.byte_size();
  state.key_change_since = ports_.intake.key_moves().oldest();
  state.last_read = last_read_;
  const bool given_up = state.key_change_since && ports_.clock.steady() - *state.key_change_since > kPatience;
  state.dirty = ports_.intake.has_changes() || given_up || Committable() != handed_;
  return state;
}

Result<Cut> ReplayedSource::End(bool last) {
  begin_at_confirm_ = ports_.intake.commits_alone();
  shape_due_ = false;
  source::Intake& intake = ports_.intake;
  CDC_TRY(intake.CloseBatch(last ? SteadyTime::max() : ports_.clock.steady() - kPatience));
  ports_.counts.dead_letters = ports_.letters.count();
  Cut cut{Fold(std::make_shared<const rows::Schema>()), {}, Committable(), 0, [] { return Status{}; }};
  cut.checkpoint.offsets[topic_] = cut.upto;
  intake.AddTo(&cut.checkpoint);
  intake.SwapFold(&cut.fold);
  if (!begin_at_confirm_) BeginBatch(cut.upto);
  return cut;
}

void ReplayedSource::BeginBatch(const contract::PartitionOffsets& upto) {
  for (const auto& [partition, next] : upto) handed_[partition] = next;
  ports_.intake.StartBatch();
}

Result<SourceState> ReplayedSource::Confirm(Cut done) {
  if (std::exchange(begin_at_confirm_, false)) {
    CDC_TRY(ports_.tainted.SaveAfterCommit());
    BeginBatch(done.upto);
  }
  return State();
}

}  // namespace cdc::worker
