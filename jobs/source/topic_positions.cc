#include "jobs/source/topic_positions.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::source {
namespace {

contract::LastRecord RecordOf(const kafka::Message& message) {
  return {message.offset(), contract::Fingerprint(message.key(), message.value(), message.timestamp_ms())};
}

}  // namespace

std::string WaysOut(const std::string& table) {
  return fmt::format(
      "`cdc reset {0} --yes` rebuilds the table from the topic's start, `cdc adopt {0} --yes` takes it as it "
      "is "
      "from the topic's end, `cdc rewind {0}` goes to given offsets",
      table);
}

TopicPositions::TopicPositions(std::string table, std::string topic, int32_t partitions)
    : table_(std::move(table)), topic_(std::move(topic)), partitions_(static_cast<size_t>(partitions)) {}

/// Kafka adds partitions to a topic and never takes any away.
Status TopicPositions::CheckPartitions(const worker::Checkpoint& checkpoint) const {
  const auto topic = checkpoint.offsets.find(topic_);
  if (topic == checkpoint.offsets.end() || topic->second.empty()) return {};
  const int32_t last = topic->second.rbegin()->first;
  if (Has(last)) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("{}[{}] is gone, but the table {} has read it: the topic was deleted and made anew with {} "
                  "partitions",
                  topic_, last, table_, partitions_.size()),
      WaysOut(table_)};
}

Result<TopicPositions::Start> TopicPositions::Begin(const std::vector<kafka::Watermark>& watermarks,
                                                    const std::optional<worker::Checkpoint>& checkpoint) {
  if (watermarks.size() < partitions_.size()) {
    return Error{ErrorKind::kTransient, "Kafka did not say how far some partitions of " + topic_ + " go"};
  }
  if (checkpoint) CDC_TRY(CheckPartitions(*checkpoint));
  Start start;
  for (const kafka::Watermark& mark : watermarks) CDC_TRY(BeginPartition(mark, checkpoint, &start));
  return start;
}

Status TopicPositions::BeginPartition(const kafka::Watermark& mark,
                                      const std::optional<worker::Checkpoint>& checkpoint, Start* start) {
  Partition& partition = At(mark.partition);
  partition.next = mark.low;
  if (checkpoint) {
    const auto topic = checkpoint->offsets.find(topic_);
    if (topic != checkpoint->offsets.end() && topic->second.contains(mark.partition)) {
      partition.next = topic->second.at(mark.partition);
    }
    const auto records = checkpoint->last_records.find(topic_);
    if (records != checkpoint->last_records.end() && records->second.contains(mark.partition)) {
      partition.last = records->second.at(mark.partition);
    }
  }
  if (partition.next < mark.low || partition.next > mark.end) {
    return OutOfRange({topic_, mark.partition, true, partition.next, mark.low, mark.end, {}});
  }
  if (!checkpoint && mark.low > 0) start->truncated.push_back(mark.partition);
  partition.target = mark.end;
  partition.at_end = partition.next == mark.end;
  partition.handed = partition.next;
  start->offsets.push_back({topic_, mark.partition, partition.next});
  if (partition.last && partition.last->offset >= mark.low && partition.last->offset < partition.next) {
    partition.looking_back = true;
    partition.proven = partition.last;
    start->look_back[{topic_, mark.partition}] = partition.last->offset;
  }
  return {};
}

/// Offsets say nothing about which topic of that name they belong to, and librdkafka does not tell topics'
/// ids: the last record that the table has does. One that is not there any more says nothing.
Status TopicPositions::Recognise(const kafka::Message& earlier) {
  Partition& partition = At(earlier.partition());
  partition.looking_back = false;
  if (!partition.last || partition.last->offset != earlier.offset()) return {};
  if (partition.last->fingerprint == RecordOf(earlier).fingerprint) return {};
  return Recreated(earlier.partition(), earlier.offset());
}

void TopicPositions::NoteTaken(const kafka::Message& message) {
  Partition& partition = At(message.partition());
  if (!partition.proven) partition.proven = RecordOf(message);
  partition.after_end |= partition.at_end;
  partition.next = message.offset() + 1;
  partition.at_end = partition.looking_back = false;
  partition.unhashed = &message;
}

void TopicPositions::NoteEnd(const kafka::PartitionEnd& end) {
  Partition& partition = At(end.partition);
  partition.next = std::max(partition.next, end.offset);
  partition.at_end = true;
  partition.looking_back = false;
}

void TopicPositions::NoteLastRecords() {
  for (Partition& partition : partitions_) {
    if (partition.unhashed == nullptr) continue;
    partition.last = RecordOf(*partition.unhashed);
    partition.newest_ms = partition.unhashed->timestamp_ms();
    partition.unhashed = nullptr;
  }
}

contract::LastRecords TopicPositions::TakeWitnesses(bool all) {
  contract::LastRecords witnesses;
  for (int32_t number = 0; number < count(); ++number) {
    Partition& partition = At(number);
    if (!partition.proven || !partition.last || partition.proven->offset == partition.last->offset) continue;
    if (!all && !partition.after_end) continue;
    witnesses.emplace(number, *partition.proven);
    partition.proven = partition.last;
    partition.after_end = false;
  }
  return witnesses;
}

bool TopicPositions::caught_up() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [](const Partition& p) { return p.at_end; });
}

bool TopicPositions::drained() const {
  return std::all_of(partitions_.begin(), partitions_.end(),
                     [](const Partition& p) { return p.next >= p.target; });
}

bool TopicPositions::looking_back() const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [](const Partition& p) { return p.looking_back; });
}

bool TopicPositions::dirty(const Bound& bound) const {
  for (int32_t number = 0; number < count(); ++number) {
    if (CommittableOf(number, bound) != partitions_[static_cast<size_t>(number)].handed) return true;
  }
  return false;
}

int64_t TopicPositions::backlog() const {
  int64_t records = 0;
  for (const Partition& partition : partitions_) {
    records += std::max<int64_t>(partition.target - partition.next, 0);
  }
  return records;
}

/// The first half of a key change is committed with its second half, so that a restart reads both again.
int64_t TopicPositions::CommittableOf(int32_t number, const Bound& bound) const {
  const int64_t next = partitions_[static_cast<size_t>(number)].next;
  return std::min(next, bound(number).value_or(next));
}

contract::PartitionOffsets TopicPositions::Committable(const Bound& bound) const {
  contract::PartitionOffsets offsets;
  for (int32_t number = 0; number < count(); ++number) offsets[number] = CommittableOf(number, bound);
  return offsets;
}

void TopicPositions::HandOver(const contract::PartitionOffsets& offsets) {
  for (const auto& [number, next] : offsets) At(number).handed = next;
}

void TopicPositions::Describe(const Bound& bound, worker::Checkpoint* checkpoint) const {
  checkpoint->offsets[topic_] = Committable(bound);
  for (int32_t number = 0; number < count(); ++number) {
    const Partition& partition = partitions_[static_cast<size_t>(number)];
    // An open key change holds the offset back: which record comes before it is not known any more.
    if (partition.last && partition.last->offset < CommittableOf(number, bound)) {
      checkpoint->last_records[topic_][number] = *partition.last;
    }
    if (partition.newest_ms < 0) continue;
    checkpoint->valid_through_ms =
        std::min(checkpoint->valid_through_ms.value_or(partition.newest_ms), partition.newest_ms);
  }
}

// ---- what ends a run

Error TopicPositions::OutOfRange(const kafka::PartitionProblem& problem) const {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "the table's next offset {} of {}[{}] is not in Kafka's range [{}, {}]: changes were lost, or "
          "this is another topic of the same name",
          problem.offset, problem.topic, problem.partition, problem.low, problem.end),
      WaysOut(table_)};
}

Error TopicPositions::Recreated(int32_t partition, int64_t offset) const {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "{}[{}]@{} is another record than the table {} has read there: the topic was deleted and made "
          "anew, or lost records",
          topic_, partition, offset, table_),
      WaysOut(table_)};
}

Status TopicPositions::Judge(const kafka::PartitionProblem& problem) const {
  if (problem.out_of_range) return OutOfRange(problem);
  if (problem.error.kind == ErrorKind::kNotFound) return TopicGone(problem.error);
  return problem.error.kind == ErrorKind::kTransient ? Status{} : Status(problem.error);
}

/// The next run finds no topic and has nothing to do, or a recreated one, which it tells by its records.
Error TopicPositions::TopicGone(const Error& error) const {
  return Error{
      ErrorKind::kTransient, error.message,
      fmt::format(
          "the topic was deleted while it was read; once it is made anew, `cdc reset {} --yes` builds "
          "the table from its start",
          table_)};
}

}  // namespace cdc::source
