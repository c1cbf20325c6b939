/// \file orchestrator/phase.cc
/// Names of the phases, and the spread of the tables' starts (table_state.h).

#include <algorithm>

#include "lib/core/hash128.h"
#include "orchestrator/table_state.h"

namespace cdc::orchestrator {
namespace {

constexpr std::pair<Phase, const char*> kPhases[] = {
    {Phase::kIdle, "Idle"},       {Phase::kPending, "Pending"},   {Phase::kStarting, "Starting"},
    {Phase::kRunning, "Running"}, {Phase::kStopping, "Stopping"}, {Phase::kBackoff, "Backoff"},
    {Phase::kHeld, "Held"},       {Phase::kPaused, "Paused"},     {Phase::kElsewhere, "Elsewhere"}};

}  // namespace

const char* ToString(Phase phase) {
  for (const auto& [value, name] : kPhases) {
    if (value == phase) return name;
  }
  return "?";
}

std::optional<Phase> ParsePhase(std::string_view text) {
  for (const auto& [value, name] : kPhases) {
    if (text == name) return value;
  }
  return std::nullopt;
}

Millis Jitter(std::string_view table, Millis rate_limit) {
  if (rate_limit.count() <= 0) return Millis(0);
  auto spread = static_cast<uint64_t>(std::clamp<int64_t>(rate_limit.count() / 20, 1, 1500));
  return Millis(50 + static_cast<int64_t>(HashBytes(table).low % spread));
}

}  // namespace cdc::orchestrator
