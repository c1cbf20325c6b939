#include "jobs/run/record_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lib/core/clock.h"

namespace cdc::run {
namespace {

constexpr Millis kPollWait{200}, kPatience{30'000}, kWatermarkTimeout{15'000};
constexpr size_t kRecordsPerPoll = 1000;

}  // namespace

Status ReadRanges(kafka::Consumer& consumer, const std::vector<RecordRange>& ranges,
                  const std::function<Status(const kafka::Message&)>& take) {
  std::map<kafka::TopicPartition, int64_t> ends;
  std::vector<kafka::TopicPartitionOffset> starts;
  for (const RecordRange& range : ranges) {
    if (range.first >= range.end) continue;
    ends[range.place] = range.end;
    starts.push_back({range.place.topic, range.place.partition, range.first});
  }
  if (starts.empty()) return {};
  CDC_TRY(consumer.Assign(starts));
  const auto reached = [&](const auto& entry) {
    return consumer.Position(entry.first.topic, entry.first.partition).value_or(-1) >= entry.second;
  };
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  kafka::MessageBatch batch;
  while (!std::all_of(ends.begin(), ends.end(), reached)) {
    const Status polled = consumer.Poll(kPollWait, kRecordsPerPoll, &batch);
    if (!polled && polled.error().kind != ErrorKind::kTransient) return polled;
    for (const kafka::PartitionProblem& problem : batch.problems()) {
      if (problem.error.kind == ErrorKind::kTransient) continue;
      return Error{ErrorKind::kTransient, fmt::format("Reading {}[{}]: {}", problem.topic, problem.partition,
                                                      problem.error.message)};
    }
    for (const kafka::Message& record : batch) {
      const auto end = ends.find({std::string(record.topic()), record.partition()});
      if (end != ends.end() && record.offset() < end->second) CDC_TRY(take(record));
    }
    const auto now = std::chrono::steady_clock::now();
    if (!batch.empty() || !batch.ends().empty()) deadline = now + kPatience;
    if (now < deadline) continue;
    return Error{ErrorKind::kTransient, fmt::format("Reading {}: Kafka sends nothing more", starts[0].topic)};
  }
  batch.clear();
  return consumer.Assign({});
}

Result<std::vector<RecordRange>> WholeTopic(kafka::Consumer& consumer, const std::string& topic,
                                            int32_t partitions) {
  std::vector<kafka::TopicPartition> places;
  for (int32_t p = 0; p < partitions; ++p) places.push_back({topic, p});
  CDC_ASSIGN(const auto marks, consumer.Watermarks(places, kWatermarkTimeout));
  if (marks.size() != places.size()) {
    return Error{ErrorKind::kTransient, fmt::format("Only {} of {} partitions of {} told their offsets",
                                                    marks.size(), places.size(), topic)};
  }
  std::vector<RecordRange> ranges;
  for (const kafka::Watermark& mark : marks)
    ranges.push_back({{mark.topic, mark.partition}, mark.low, mark.end});
  return ranges;
}

}  // namespace cdc::run
