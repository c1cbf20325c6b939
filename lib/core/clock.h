#pragma once

/// \file lib/core/clock.h
/// Time as a parameter: logic asks a Clock, tests move it by hand.

#include <chrono>

namespace cdc {

/// Monotonic instants, for every duration and deadline.
using SteadyTime = std::chrono::steady_clock::time_point;
/// Wall-clock instants, for what is written down and shown.
using WallTime = std::chrono::system_clock::time_point;
using Millis = std::chrono::milliseconds;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

inline int64_t UnixMillis(WallTime t) {
  return std::chrono::duration_cast<Millis>(t.time_since_epoch()).count();
}
inline int64_t UnixMicros(WallTime t) {
  return std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count();
}

}  // namespace cdc
