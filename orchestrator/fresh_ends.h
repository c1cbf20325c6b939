#pragma once

/// \file orchestrator/fresh_ends.h
/// Who waits for end offsets of about now, and whether those that are known are.

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "lib/core/clock.h"

namespace cdc::orchestrator {

/// One thread.
class FreshEnds {
 public:
  /// A question for all ends goes out, or needs none.
  void NoteAsked(SteadyTime now) { asked_ = now; }
  /// It was answered for all topics, or not.
  void NoteAnswer(bool answered) {
    if (answered) as_of_ = asked_;
    for (const auto& done : std::exchange(waiting_, {})) done();
  }
  /// What is known was asked for less than `age` ago.
  bool IsFresh(SteadyTime now, Millis age) const { return as_of_ && now - *as_of_ < age; }
  /// Calls `done` at the next answer. One to a question that is under way already will do: it is seconds old.
  void Await(std::function<void()> done) { waiting_.push_back(std::move(done)); }

 private:
  std::optional<SteadyTime> asked_, as_of_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace cdc::orchestrator
