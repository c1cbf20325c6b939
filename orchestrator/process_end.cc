#include "orchestrator/process_end.h"

#include <fmt/format.h>

#include "lib/contract/exit_code.h"

namespace cdc::orchestrator {
namespace {

Outcome OutcomeOf(int code) {
  switch (static_cast<contract::ExitCode>(code)) {
    case contract::ExitCode::kDone: return Outcome::kDone;
    case contract::ExitCode::kTryAgain: return Outcome::kTryAgain;
    case contract::ExitCode::kBadArguments:
    case contract::ExitCode::kPermanent: return Outcome::kPermanent;
  }
  return Outcome::kCrashed;
}

}  // namespace

JobEnd Judge(const ProcessEnd& end) {
  if (const auto* exited = std::get_if<Exited>(&end))
    return {OutcomeOf(exited->code), fmt::to_string(exited->code), fmt::format("exit {}", exited->code)};
  const std::string text = fmt::format("signal {}", std::get<Signaled>(end).signal);
  return {Outcome::kCrashed, text, text};
}

}  // namespace cdc::orchestrator
