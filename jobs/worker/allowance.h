#pragma once

/// \file jobs/worker/allowance.h
/// How long maintenance may take while there is work: a share of the time, saved up to a limit.

#include <algorithm>

#include "lib/core/clock.h"

namespace cdc::worker {

/// A step that took longer than was left is made up for by waiting longer. One thread.
class Allowance {
 public:
  static constexpr double kShare = 0.09;  ///< of all the time, so that the rest takes no tenth longer
  static constexpr Millis kMost{300};     ///< saved up
  static constexpr Millis kLeast{10};     ///< worth beginning for

  explicit Allowance(SteadyTime now) : counted_(now) {}

  /// What may be spent from `now` on; zero: nothing.
  Millis Left(SteadyTime now) {
    using FloatMillis = std::chrono::duration<double, std::milli>;
    saved_ms_ += kShare * FloatMillis(now - counted_).count();
    saved_ms_ = std::min(saved_ms_, static_cast<double>(kMost.count()));
    counted_ = now;
    const Millis left{static_cast<int64_t>(saved_ms_)};
    return left < kLeast ? Millis{0} : left;
  }

  void Spend(SteadyTime::duration time) {
    saved_ms_ -= std::chrono::duration<double, std::milli>(time).count();
  }

 private:
  SteadyTime counted_;
  double saved_ms_ = 0;
};

}  // namespace cdc::worker
