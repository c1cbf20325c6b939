#pragma once

/// \file lib/event/event_time.h
/// When an event says that it happened.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/event/envelope.h"
#include "lib/event/source_column.h"

namespace cdc::event {

/// What a number that tells a time counts since 1970.
enum class TimeUnit : uint8_t { kBySize, kDays, kMillis, kMicros, kNanos };

/// A JSON value as a time: a text in ISO 8601 with any offset, without one in UTC; a date is its midnight. A
/// number counts from 1970; kBySize: seconds below 10^11, milliseconds below 10^14, microseconds below 10^17,
/// else nanoseconds. What is finer than a microsecond is cut off. \return false: none that a timestamptz
/// holds
bool ReadEventTime(std::string_view json, TimeUnit unit, int64_t* micros);

/// Reads the time of each event from one place in it. Not thread-safe.
class EventTimeReader {
 public:
  /// \param place member of the event, "source.<member>", or a column of the row: looked for in this order
  explicit EventTimeReader(std::string place);

  /// What EnvelopeParser::KeepMember() must be told; empty: nothing.
  const std::string& member() const { return member_; }

  /// How the columns are written, where a number's size does not tell.
  void LearnColumns(const std::vector<SourceColumn>& columns);

  /// Microseconds since 1970. \return kBadValue: there is none, or it cannot be read.
  Result<int64_t> Read(const Envelope& envelope) const;

 private:
  std::string place_;
  std::string member_;         // of the event
  std::string source_member_;  // of its source
  TimeUnit column_unit_ = TimeUnit::kBySize;
};

}  // namespace cdc::event
