#include "orchestrator/history.h"

#include <algorithm>

namespace cdc::orchestrator {
namespace {

constexpr int64_t kTrendSteps = 12;  ///< a minute: what an estimate of the end looks back on
constexpr int64_t kShortenSteps = 60;

}  // namespace

int64_t History::FirstStep() const { return std::max<int64_t>(0, step_ - kSteps + 1); }

void History::Note(const View& view, SteadyTime now) {
  const int64_t step = StepAt(now);
  if (step <= step_) return;
  const double seconds = step_ < 0 ? 0 : std::chrono::duration<double>(now - noted_).count();
  step_ = step;
  noted_ = now;
  noted_ms_ = view.now_ms;
  begin_ = std::max(begin_, FirstStep());
  Point sum{.step = static_cast<uint32_t>(step), .rate = 0, .lag = 0};
  for (const TableView& table : view.tables) {
    NoteTable(table, seconds);
    const Point& point = tracks_.find(table.table)->second.points.back();
    sum.rate += point.rate;
    sum.lag += std::max(0.0F, point.lag);
  }
  all_.push_back(sum);
  const auto first = static_cast<uint32_t>(FirstStep());
  all_.erase(all_.begin(),
             std::find_if(all_.begin(), all_.end(), [&](const Point& p) { return p.step >= first; }));
  std::erase_if(tracks_, [&](const auto& item) {
    if (item.second.seen == sum.step) return false;
    points_ -= item.second.points.size();
    return true;
  });
  while (points_ > most_points_ && begin_ < step_) Shorten();
}

void History::NoteTable(const TableView& table, double seconds) {
  auto& track = tracks_[table.table];
  const bool first = track.points.empty();
  Point point{.step = static_cast<uint32_t>(step_), .rate = 0};
  // Counts begin anew with a worker whose predecessor said less than it had done.
  const int64_t grown = std::max<int64_t>(0, table.events - track.events);
  if (!first && seconds > 0) point.rate = static_cast<float>(static_cast<double>(grown) / seconds);
  if (table.lag) point.lag = static_cast<float>(*table.lag);
  track.events = std::max(table.events, first ? 0 : track.events);
  track.seen = point.step;
  track.peak = point.lag == 0 ? 0 : std::max(track.peak, point.lag);
  Forget(&track);
  if (!first && !track.points.empty() && !point.Differs(track.points.back())) return;
  track.points.push_back(point);
  ++points_;
}

/// Drops what is older than the history, but the point that holds at its beginning.
void History::Forget(Track* track) {
  auto& points = track->points;
  size_t old = 0;
  while (old + 1 < points.size() && points[old + 1].step <= begin_) ++old;
  points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(old));
  points_ -= old;
  if (points.capacity() > 2 * points.size() + 16) points.shrink_to_fit();
}

void History::Shorten() {
  begin_ = std::min(step_, begin_ + kShortenSteps);
  for (auto& [name, track] : tracks_) Forget(&track);
}

void History::Complete(View* view) const {
  view->newest = Newest();
  for (TableView& table : view->tables) {
    const auto found = tracks_.find(table.table);
    if (found == tracks_.end() || found->second.points.empty()) continue;
    const Track& track = found->second;
    const Point& now = track.points.back();
    table.events_per_second = now.rate;
    const bool stands = table.phase == Phase::kHeld || table.phase == Phase::kPaused ||
                        table.phase == Phase::kElsewhere;
    if (stands || !table.lag || *table.lag == 0) continue;
    const auto lag = static_cast<float>(*table.lag);
    table.progress = std::clamp(1 - lag / std::max(track.peak, lag), 0.0F, 1.0F);
    const Point* then = nullptr;
    for (const Point& point : track.points) {
      if (point.step + kTrendSteps <= step_ || then == nullptr) then = &point;
    }
    const auto steps = std::min<int64_t>(kTrendSteps, step_ - then->step);
    const float fallen = then->lag - now.lag;
    if (steps <= 0 || fallen <= 0) continue;
    const float per_second = fallen / (static_cast<float>(steps) * static_cast<float>(kStep.count()) / 1000);
    table.eta_seconds = static_cast<int64_t>(lag / per_second) + 1;
  }
}

Series History::Spread(const std::vector<Point>& points) const {
  Series series;
  if (points.empty()) return series;
  const int64_t first = std::max<int64_t>(FirstStep(), points.front().step);
  series.first_ms = noted_ms_ - (step_ - first) * kStep.count();
  size_t at = 0;
  for (int64_t step = first; step <= step_; ++step) {
    while (at + 1 < points.size() && points[at + 1].step <= step) ++at;
    const Point& point = points[at];
    series.events_per_second.emplace_back(point.rate);
    series.lag.push_back(point.lag < 0 ? std::nullopt : std::optional<float>(point.lag));
  }
  return series;
}

Series History::OfAll() const { return Spread(all_); }

Sample History::Newest() const {
  if (all_.empty()) return {};
  return {step_, noted_ms_, all_.back().rate, static_cast<int64_t>(all_.back().lag)};
}

Series History::OfTable(std::string_view table) const {
  const auto found = tracks_.find(std::string(table));
  return found == tracks_.end() ? Series() : Spread(found->second.points);
}

}  // namespace cdc::orchestrator
