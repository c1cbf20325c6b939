#include "jobs/worker/loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/worker/byte_budget.h"

namespace cdc::worker {
namespace {

constexpr size_t kMessagesPerPoll = 10'000;
constexpr Millis kWatermarkTimeout{10'000};
constexpr Millis kProgressInterval{5'000};
/// Without a broker for this long the run ends, to be tried again later.
constexpr Millis kOutagePatience{60'000};
constexpr Millis kAnswerTimeout{5'000};

std::string WaysOut(const std::string& table) {
  return fmt::format(
      "`cdc reset {0} --yes` rebuilds the table from the topic's start, `cdc adopt {0} --yes` takes it as it "
      "is "
      "from the topic's end, `cdc rewind {0}` goes to given offsets",
      table);
}

Error OutOfRange(const kafka::PartitionProblem& problem, const std::string& table) {
  return Error{ErrorKind::kUnsupported,
               fmt::format("the table's next offset {} of {}[{}] is not in Kafka's range [{}, {}]: changes "
                           "were lost, or this is "
                           "another topic of the same name",
                           problem.offset, problem.topic, problem.partition, problem.low, problem.end),
               WaysOut(table)};
}

}  // namespace

Loop::Loop(const TableSettings& settings, int32_t partitions, bool drain, Ports ports)
    : settings_(settings),
      drain_(drain),
      ports_(std::move(ports)),
      spare_(std::make_shared<const rows::Schema>()) {
  rules_.commit_interval = settings.commit_interval;
  rules_.idle_timeout = settings.idle_timeout;
  rules_.batch_bytes = ShareOut(settings.memory_bytes).batch;
  for (int32_t p = 0; p < partitions; ++p) partitions_[p];
  const SteadyTime now = ports_.clock.steady();
  last_commit_ = now - std::max(rules_.commit_interval, rules_.lagging_interval);
  last_message_ = last_progress_ = now;
}

Loop::~Loop() {
  if (flight_) (void)ports_.sink.AwaitCommit();
}

Status Loop::Run(contract::Report* report) {
  report_ = report;
  Status lived = Live();
  if (lived) return lived;
  // What is on its way to the table arrives all the same: the report tells of it.
  const Status finished = FinishCommit();
  if (!finished) ports_.log.Warn("the commit under way failed as well: {}", Describe(finished.error()));
  return lived;
}

Status Loop::Live() {
  CDC_TRY(Assign());
  ports_.channel.SendReady();
  while (true) {
    ListenToCommands();
    const Step step = NextStep(rules_, State(), ports_.clock.steady());
    switch (step.act) {
      case Act::kRead:
        if (!TimeToTidy()) {
          CDC_TRY(ReadOnce(step.wait));
          break;
        }
        CDC_TRY(Tidy(Tidying::kIdle));
        CDC_TRY(ReadOnce(Millis{0}));
        break;
      case Act::kCommit: CDC_TRY(CommitAhead()); break;
      case Act::kOfferToGo:
        CDC_TRY(FinishCommit());
        if (TimeToTidy()) {
          CDC_TRY(Tidy(Tidying::kIdle));
          CDC_TRY(ReadOnce(Millis{0}));
          break;
        }
        if (!OfferToGo()) break;
        return ports_.sink.Close();
      case Act::kLeave: {
        CDC_TRY(FinishCommit());
        CDC_TRY(FinishKeyChanges());
        CDC_TRY(MaintainAtEnd());
        return ports_.sink.Close();
      }
    }
  }
}

/// Kafka adds partitions to a topic and never takes any away.
Status Loop::CheckPartitions() const {
  const auto& marker = ports_.sink.marker();
  if (!marker) return {};
  const auto topic = marker->offsets.find(settings_.topic);
  if (topic == marker->offsets.end() || topic->second.empty()) return {};
  const int32_t last = topic->second.rbegin()->first;
  if (partitions_.contains(last)) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("{}[{}] is gone, but the table {} has read it: the topic was deleted and made anew with {} "
                  "partitions",
                  settings_.topic, last, settings_.table, partitions_.size()),
      WaysOut(settings_.table)};
}

/// Starts at the offsets of the newest snapshot, with a look at the record before; a partition that it does
/// not know starts at its oldest record.
Status Loop::Assign() {
  std::vector<kafka::TopicPartitionOffset> start;
  kafka::Consumer::LookBack look_back;
  std::vector<kafka::TopicPartition> all;
  for (const auto& [number, partition] : partitions_) all.push_back({settings_.topic, number});
  CDC_ASSIGN(const auto watermarks, ports_.consumer.Watermarks(all, kWatermarkTimeout));
  if (watermarks.size() < all.size()) {
    return Error{ErrorKind::kTransient,
                 "Kafka did not say how far some partitions of " + settings_.topic + " go"};
  }
  CDC_TRY(CheckPartitions());
  if (const auto& marker = ports_.sink.marker()) {
    replayed_ = marker->replayed;
    passed_over_ = marker->passed_over;
  }
  for (const kafka::Watermark& mark : watermarks) {
    Partition& partition = partitions_[mark.partition];
    partition.next = mark.low;
    if (const auto& marker = ports_.sink.marker()) {
      const auto topic = marker->offsets.find(settings_.topic);
      if (topic != marker->offsets.end() && topic->second.contains(mark.partition)) {
        partition.next = topic->second.at(mark.partition);
      }
      const auto records = marker->last_records.find(settings_.topic);
      if (records != marker->last_records.end() && records->second.contains(mark.partition)) {
        partition.last = records->second.at(mark.partition);
      }
    }
    if (partition.next < mark.low || partition.next > mark.end) {
      kafka::PartitionProblem problem{settings_.topic, mark.partition, true, partition.next,
                                      mark.low,        mark.end,       {}};
      return OutOfRange(problem, settings_.table);
    }
    if (!ports_.sink.marker() && mark.low > 0) {
      ports_.log.Warn(
          "the table is begun with offset {} of {}[{}], for what came before is gone: rows that have not "
          "changed "
          "since are missing until a new Debezium snapshot brings them",
          mark.low, settings_.topic, mark.partition);
    }
    partition.target = mark.end;
    partition.at_end = partition.next == mark.end;
    report_->from[mark.partition] = report_->to[mark.partition] = partition.handed = partition.next;
    start.push_back({settings_.topic, mark.partition, partition.next});
    if (partition.last && partition.last->offset >= mark.low && partition.last->offset < partition.next) {
      partition.looking_back = true;
      partition.sure = partition.last;
      look_back[{settings_.topic, mark.partition}] = partition.last->offset;
    }
  }
  assigned_ = checked_ = ports_.clock.steady();
  return ports_.consumer.Assign(start, look_back);
}

Status Loop::ReadOnce(Millis wait) {
  kafka::MessageBatch batch;
  const Status polled = ports_.consumer.Poll(wait, kMessagesPerPoll, &batch);
  const SteadyTime now = ports_.clock.steady();
  if (!polled && polled.error().kind == ErrorKind::kNotFound) return TopicGone(polled.error());
  if (!polled && polled.error().kind != ErrorKind::kTransient) return polled.error();
  if (!polled && !unreachable_) {
    unreachable_ = true;
    unreachable_since_ = now;
    ports_.log.Warn("{}", Describe(polled.error()));
  }
  if (!batch.empty() || !batch.ends().empty()) unreachable_ = false;
  if (unreachable_ && now - unreachable_since_ > kOutagePatience) {
    return Error{ErrorKind::kTransient, "no Kafka broker can be reached"};
  }
  CDC_TRY(CheckProblems(batch));
  for (const kafka::Message& earlier : batch.earlier()) {
    CDC_TRY(Recognise(earlier));
    ports_.intake.NoteEarlier(earlier);
    partitions_[earlier.partition()].looking_back = false;
  }
  if (!batch.empty()) last_message_ = now;
  CDC_TRY(TakeBatch(batch));
  for (const kafka::PartitionEnd& end : batch.ends()) {
    Partition& partition = partitions_[end.partition];
    partition.next = std::max(partition.next, end.offset);
    partition.at_end = true;
    partition.looking_back = false;
  }
  if (flight_ && !ports_.sink.committing()) CDC_TRY(FinishCommit());
  if (now - last_progress_ > kProgressInterval) SendProgress();
  return {};
}

uint64_t Loop::FingerprintOf(const kafka::Message& message) {
  return contract::Fingerprint(message.key(), message.value(), message.timestamp_ms());
}

/// Offsets say nothing about which topic of that name they belong to, and librdkafka does not tell topics'
/// ids: the last record that the table has does. One that is not there any more says nothing.
Status Loop::Recognise(const kafka::Message& earlier) const {
  const auto& last = partitions_.at(earlier.partition()).last;
  if (!last || last->offset != earlier.offset()) return {};
  if (last->fingerprint == FingerprintOf(earlier)) return {};
  return TopicAnew(earlier.partition(), earlier.offset());
}

Error Loop::TopicAnew(int32_t partition, int64_t offset) const {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("{}[{}]@{} is another record than the table {} has read there: the topic was deleted "
                  "and made anew, or lost records",
                  settings_.topic, partition, offset, settings_.table),
      WaysOut(settings_.table)};
}

Status Loop::TakeBatch(const kafka::MessageBatch& batch) {
  const std::span<const kafka::Message> messages(batch.begin(), batch.size());
  // The budget is looked at every so many messages, or sooner when they are large.
  constexpr size_t kBudgetMessages = 64, kBudgetBytes = 256 << 10;
  size_t unchecked = 0, unchecked_bytes = 0;
  ports_.intake.BeginPoll();
  const auto count = static_cast<int32_t>(partitions_.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    const kafka::Message& message = messages[i];
    CDC_ASSIGN(Intake::Verdict verdict, ports_.intake.Take(message, messages.subspan(i), count));
    if (verdict == Intake::Verdict::kCommitFirst) {
      CDC_TRY(CommitBatch());
      CDC_ASSIGN(verdict, ports_.intake.Take(message, messages.subspan(i), count));
      if (verdict == Intake::Verdict::kCommitFirst) {
        return Error{ErrorKind::kUnsupported,
                     fmt::format("the schema of {}[{}]@{} cannot be followed", settings_.topic,
                                 message.partition(), message.offset())};
      }
    }
    Partition& partition = partitions_[message.partition()];
    if (!partition.sure) partition.sure = {message.offset(), FingerprintOf(message)};
    partition.after_end |= partition.at_end;
    partition.next = message.offset() + 1;
    partition.at_end = partition.looking_back = false;
    partition.newest_ms = message.timestamp_ms();
    partition.unnoted = &message;
    ++report_->events;
    unchecked_bytes += message.value() ? message.value()->size() : 0;
    if (++unchecked < kBudgetMessages && unchecked_bytes < kBudgetBytes) continue;
    unchecked = unchecked_bytes = 0;
    if (ports_.intake.byte_size() >= rules_.batch_bytes) CDC_TRY(CommitAhead());
  }
  NoteLastRecords();
  // Behind a delete comes its tombstone, which has no source.
  for (size_t i = messages.size(); i-- > 0;) {
    if (!messages[i].value()) continue;
    ports_.intake.NoteSource(messages[i]);
    break;
  }
  return {};
}

/// The next run finds no topic and has nothing to do, or one made anew, which it tells by its records.
Error Loop::TopicGone(const Error& error) const {
  return Error{
      ErrorKind::kTransient, error.message,
      fmt::format("the topic was deleted while it was read; once it is made anew, `cdc reset {} --yes` "
                  "builds the table from its start",
                  settings_.table)};
}

Status Loop::CheckProblems(const kafka::MessageBatch& batch) const {
  for (const kafka::PartitionProblem& problem : batch.problems()) {
    if (problem.out_of_range) return OutOfRange(problem, settings_.table);
    if (problem.error.kind == ErrorKind::kNotFound) return TopicGone(problem.error);
    if (problem.error.kind != ErrorKind::kTransient) return problem.error;
  }
  return {};
}

/// \return whether to leave. Losing the answer is no harm: the orchestrator finds lag by itself.
bool Loop::OfferToGo() {
  contract::PartitionOffsets next;
  for (const auto& [number, partition] : partitions_) next[number] = partition.next;
  ports_.channel.SendExiting(next);
  const contract::Command answer = ports_.channel.AwaitAnswer(kAnswerTimeout);
  if (answer != contract::Command::kStay) return true;
  // More than this run can see: a partition was added. The next run assigns it.
  const auto topic = ports_.consumer.DescribeTopic(settings_.topic, kWatermarkTimeout);
  if (topic && topic->partitions > static_cast<int32_t>(partitions_.size())) return true;
  last_message_ = ports_.clock.steady();
  return false;
}

void Loop::ListenToCommands() {
  if (ports_.stop.load(std::memory_order_relaxed)) leaving_ = true;
  while (const auto command = ports_.channel.Poll()) {
    if (*command == contract::Command::kStop || *command == contract::Command::kYield ||
        *command == contract::Command::kOrphaned) {
      leaving_ = true;
      if (*command == contract::Command::kOrphaned) return;
    }
  }
}

void Loop::SendProgress() {
  last_progress_ = ports_.clock.steady();
  contract::Progress progress;
  progress.next = report_->to;
  progress.caught_up = CaughtUp() && !State().dirty && !flight_;
  if (progress.caught_up) progress.lag = 0;
  progress.in_doubt = in_doubt_;
  progress.events = report_->events;
  progress.deletes = report_->deletes;
  progress.rows = report_->rows;
  progress.dead_letters = report_->dead_letters;
  progress.left_alone = report_->left_alone;
  progress.snapshot_id = report_->snapshot_id;
  progress.last_commit_ms = last_commit_ms_;
  ports_.channel.SendProgress(progress);
}

PaceState Loop::State() const {
  PaceState state;
  state.looking_back_since = assigned_;
  state.last_commit = last_commit_;
  state.last_message = last_message_;
  state.caught_up = CaughtUp();
  state.drained = drain_ && Drained();
  state.leaving = leaving_;
  if (const auto since = ports_.intake.oldest_key_change()) {
    state.in_key_change = true;
    state.key_change_since = *since;
  }
  state.batch_bytes = ports_.intake.byte_size();
  state.dirty = ports_.intake.has_changes() ||
                (state.in_key_change && ports_.clock.steady() - state.key_change_since > kKeyChangePatience);
  for (const auto& [number, partition] : partitions_) {
    state.dirty |= CommittableOffset(number, partition) != partition.handed;
    state.looking_back |= partition.looking_back;
  }
  return state;
}

bool Loop::CaughtUp() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [](const auto& p) { return p.second.at_end; });
}

bool Loop::Drained() const {
  return std::all_of(partitions_.begin(), partitions_.end(),
                     [](const auto& p) { return p.second.next >= p.second.target; });
}

}  // namespace cdc::worker
