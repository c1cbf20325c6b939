#include "jobs/source/event_clock.h"

#include <algorithm>

#include "lib/rows/cast.h"

namespace cdc::source {
namespace {

constexpr const char* kLate = "late: ";

std::string TimeText(int64_t micros) {
  rows::Column column(rows::Type::Of(rows::TypeKind::kTimestamptz));
  column.AppendLong(micros);
  return rows::CellText(column, 0);
}

}  // namespace

bool IsLate(const std::string& reason) { return reason.starts_with(kLate); }

EventClock::EventClock(const std::string& place, std::optional<std::chrono::milliseconds> lateness,
                       contract::EventTimes times) {
  if (place.empty()) return;
  reader_.emplace(place);
  if (lateness) lateness_micros_ = std::chrono::microseconds(*lateness).count();
  for (const auto& [partition, highest] : times) partitions_[partition].before = highest;
}

Result<int64_t> EventClock::Judge(int32_t number, int64_t offset, const event::Envelope& envelope,
                                  bool holds_back) {
  CDC_ASSIGN(const int64_t time, reader_->Read(envelope));
  Partition& partition = partitions_[number];
  const std::optional<int64_t> highest = partition.highest();
  int64_t watermark = INT64_MIN;
  if (highest && lateness_micros_ && __builtin_sub_overflow(*highest, *lateness_micros_, &watermark))
    watermark = INT64_MIN;
  if (time < watermark) {
    return Error{ErrorKind::kBadValue, kLate + ("event time " + TimeText(time)) +
                                           " is before the partition's watermark " + TimeText(watermark)};
  }
  if (!holds_back && !(partition.steps.size() == 1 && partition.steps[0].offset == offset)) {
    partition.before = highest;
    partition.steps.clear();
  }
  if (!highest || time > *highest) partition.steps.push_back({offset, time});
  return time;
}

contract::EventTimes EventClock::TimesBefore(const contract::PartitionOffsets& next) const {
  contract::EventTimes times;
  for (const auto& [number, partition] : partitions_) {
    std::optional<int64_t> highest = partition.before;
    const auto end = next.find(number);
    for (const Step& step : partition.steps) {
      if (end == next.end() || step.offset < end->second) highest = step.highest;
    }
    if (highest) times[number] = *highest;
  }
  return times;
}

}  // namespace cdc::source
