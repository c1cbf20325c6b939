#pragma once

/// \file orchestrator/history.h
/// Events per second and lag of the last hour, of each table and of all together. Pure.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/core/clock.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// One value for each step, the oldest first.
struct Series {
  int64_t first_ms = 0;  ///< Unix time of the first value
  std::vector<std::optional<float>> events_per_second = {};
  std::vector<std::optional<float>> lag = {};  ///< records
};

/// Bounded: a table keeps a point only where something changed, so that one that is idle keeps one point; if
/// all tables together have more than `most_points`, their history gets shorter than the hour (that of all
/// together does not).
class History {
 public:
  static constexpr Millis kStep{5'000};
  static constexpr int64_t kSteps = 720;
  static constexpr size_t kMostPoints = 1'000'000;  ///< of 12 bytes

  /// \param start the first step begins there
  explicit History(SteadyTime start, size_t most_points = kMostPoints)
      : start_(start), most_points_(most_points) {}

  /// Some step has not been noted yet.
  bool IsDue(SteadyTime now) const { return StepAt(now) > step_; }
  /// Takes up the tables as they are now: what they read since the last call spreads over the time in
  /// between.
  void Note(const View& view, SteadyTime now);
  /// Fills in what it takes a history to know: `events_per_second`, `progress`, `eta_seconds`.
  void Complete(View* view) const;

  Series OfAll() const;
  Sample Newest() const;
  /// Empty for a table that there is not.
  Series OfTable(std::string_view table) const;
  size_t points() const { return points_; }

 private:
  struct Point {
    uint32_t step = 0;  ///< from this step on, until the next point
    float rate = 0;
    float lag = -1;  ///< < 0: unknown
    bool Differs(const Point& o) const { return rate != o.rate || lag != o.lag; }
  };
  struct Track {
    std::vector<Point> points;
    int64_t events = 0;  ///< when noted last
    float peak = 0;      ///< greatest lag since there was none
    uint32_t seen = 0;   ///< the newest step that had the table
  };

  int64_t StepAt(SteadyTime now) const { return (now - start_) / kStep; }
  int64_t FirstStep() const;
  void NoteTable(const TableView& table, double seconds);
  void Forget(Track* track);
  void Shorten();
  Series Spread(const std::vector<Point>& points) const;

  SteadyTime start_;
  size_t most_points_;
  int64_t step_ = -1;     ///< noted last
  int64_t begin_ = 0;     ///< tables have no points before, but the one that holds there
  int64_t noted_ms_ = 0;  ///< Unix time of step_
  SteadyTime noted_{};
  size_t points_ = 0;
  std::unordered_map<std::string, Track> tracks_;
  std::vector<Point> all_;  ///< sum over all tables
};

}  // namespace cdc::orchestrator
