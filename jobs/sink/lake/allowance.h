#pragma once

/// \file jobs/sink/lake/allowance.h
/// How long maintenance may take while there is work: a share of the time, saved up to a limit, and what its
/// larger steps are going to cost.

#include <algorithm>

#include "lib/core/clock.h"

namespace cdc::lake_sink {

/// A step that took longer than was left is made up for by waiting longer. In any span of time T no more is
/// spent than kShare · T + kMaxSaved + what the largest step takes beyond what it was begun with: with steps
/// that Affords() was asked about, and no more expensive than kMaxSaved, less than a tenth of every span of
/// four seconds. One thread.
class Allowance {
 public:
  static constexpr double kShare = 0.07;  ///< of all the time, of which commits are not all
  static constexpr Millis kMaxSaved{80};  ///< saved up
  static constexpr Millis kMinSlice{10};  ///< worth beginning for

  explicit Allowance(SteadyTime now) : counted_(now) {}

  /// What may be spent from `now` on; zero: nothing.
  Millis Left(SteadyTime now) {
    using FloatMillis = std::chrono::duration<double, std::milli>;
    saved_ms_ += kShare * FloatMillis(now - counted_).count();
    saved_ms_ = std::min(saved_ms_, static_cast<double>(kMaxSaved.count()));
    counted_ = now;
    const Millis left{static_cast<int64_t>(saved_ms_)};
    return left < kMinSlice ? Millis{0} : left;
  }

  /// Whether a step of this cost can be begun, as of the last Left(). A step that costs more than can ever be
  /// saved begins when all that can be is saved.
  bool Affords(Millis cost) const {
    return saved_ms_ >= static_cast<double>(std::min(cost, kMaxSaved).count());
  }

  void Spend(SteadyTime::duration time) {
    saved_ms_ -= std::chrono::duration<double, std::milli>(time).count();
  }

 private:
  SteadyTime counted_;
  double saved_ms_ = 0;
};

/// What a step will cost, by what such steps have cost for each of their units (rows, say). A higher cost
/// counts at once, a lower one gradually. One thread.
class StepCost {
 public:
  /// Below so many units what does not depend on them would be taken for theirs.
  static constexpr int64_t kTelling = 50'000;

  /// \param unit what is supposed before the first is known
  explicit StepCost(std::chrono::nanoseconds unit) : unit_ns_(static_cast<double>(unit.count())) {}

  Millis Of(int64_t units) const {
    return Millis(static_cast<int64_t>(unit_ns_ * static_cast<double>(units) / 1e6));
  }
  void Learn(int64_t units, SteadyTime::duration took) {
    if (units < kTelling) return;
    const double now = std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(units);
    unit_ns_ = now > unit_ns_ ? now : unit_ns_ + (now - unit_ns_) / 4;
  }

 private:
  double unit_ns_;
};

}  // namespace cdc::lake_sink
