#include "jobs/run/end_line.h"

#include <nlohmann/json.hpp>

#include "lib/contract/exit_code.h"

namespace cdc::run {

int EndWithLine(nlohmann::json line, const Status& status, const Clock& clock, SteadyTime began,
                const log::Logger& log, std::FILE* out) {
  const auto code = status ? contract::ExitCode::kDone : contract::ExitCodeFor(status.error().kind);
  line["exit"] = static_cast<int>(code);
  if (!status) {
    line["reason"] = status.error().message;
    line["hint"] = status.error().hint;
    log.Error("{}", Describe(status.error()));
  }
  line["seconds"] = std::chrono::duration<double>(clock.steady() - began).count();
  log.Flush();
  std::fprintf(out, "%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  std::fflush(out);
  return static_cast<int>(code);
}

}  // namespace cdc::run
