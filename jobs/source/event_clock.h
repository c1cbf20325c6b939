#pragma once

/// \file jobs/source/event_clock.h
/// Which events are late: each partition has a watermark of its own, so that the silence of one never makes
/// another's events late.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/contract/event_times.h"
#include "lib/contract/offsets.h"
#include "lib/event/event_time.h"

namespace cdc::source {

/// Judges every event alike, however often a run begins anew: the highest event times are committed with the
/// offsets. Not thread-safe.
class EventClock {
 public:
  /// \param place of the time in an event; empty: events have none, and nothing is late
  /// \param lateness nothing: no event is late \param times as of the newest commit
  EventClock(const std::string& place, std::optional<std::chrono::milliseconds> lateness,
             contract::EventTimes times);

  bool runs() const { return reader_.has_value(); }
  /// Not before runs().
  event::EventTimeReader& reader() { return *reader_; }

  /// Reads the event's time and lets the partition's watermark follow it. Asked again for the same offset it
  /// says the same. \param holds_back the offset may be committed later than others behind it: a key change
  /// is open \return microseconds since 1970. kBadValue: there is none, or the event is late: the reason
  /// begins with "late"
  Result<int64_t> Judge(int32_t partition, int64_t offset, const event::Envelope& envelope, bool holds_back);

  /// For a commit that ends before these offsets.
  contract::EventTimes TimesBefore(const contract::PartitionOffsets& next) const;

 private:
  struct Step {
    int64_t offset, highest;  // from this offset on
  };
  struct Partition {
    std::optional<int64_t> before;  // highest before the first step
    std::vector<Step> steps;
    std::optional<int64_t> highest() const {
      return steps.empty() ? before : std::optional(steps.back().highest);
    }
  };

  std::optional<event::EventTimeReader> reader_;
  std::optional<int64_t> lateness_micros_;
  std::map<int32_t, Partition> partitions_;
};

/// Whether a reason of a dead letter says that the event was late.
bool IsLate(const std::string& reason);

}  // namespace cdc::source
