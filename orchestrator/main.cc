/// \file orchestrator/main.cc
/// cdc-orchestrator: command line, configuration, state folder, event loop, exit code.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lib/config/config.h"
#include "lib/contract/exit_code.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"
#include "lib/kafka/library_version.h"
#include "lib/log/logger.h"
#include "lib/inspection/configuration_check.h"
#include "orchestrator/daemon.h"
#include "orchestrator/options.h"

namespace {

using cdc::contract::ExitCode;
using cdc::orchestrator::Task;

int Fail(const cdc::Error& error) {
  fmt::print(stderr, "cdc-orchestrator: {}\n", Describe(error));
  // A file that is not there is a configuration to be fixed, whoever asked for it.
  return static_cast<int>(cdc::contract::ExitCodeFor(error.kind));
}

int Check(const cdc::orchestrator::CommandLine& line) {
  cdc::config::Problems problems;
  auto config = cdc::config::Load(line.config, &problems);
  if (!config) {
    fmt::print(stderr, "{}\n", Describe(config.error()));
    return static_cast<int>(ExitCode::kPermanent);
  }
  const auto jobs = cdc::orchestrator::JobsFolder();
  if (!jobs) return Fail(jobs.error());
  problems = cdc::inspection::FindProblems(**config, *jobs);
  if (!problems.empty()) {
    fmt::print(stderr, "{}\n", cdc::config::FormatProblems(line.config, problems));
    return static_cast<int>(ExitCode::kPermanent);
  }
  const size_t tables = (*config)->tables.size();
  fmt::print("{}: OK, {} table{}{}\n", line.config, tables, tables == 1 ? "" : "s",
             tables == 0 && !(*config)->discover ? ": add [tables.<name>] for each table to be written" : "");
  return 0;
}

cdc::Result<bool> Run(const cdc::orchestrator::CommandLine& line) {
  CDC_ASSIGN(auto config, cdc::config::Load(line.config));
  CDC_ASSIGN(auto jobs, cdc::orchestrator::JobsFolder());
  CDC_TRY(cdc::contract::PrepareStateFolder(config->orchestrator.state_dir));
  cdc::contract::StateLayout layout(config->orchestrator.state_dir);
  CDC_ASSIGN(auto logger,
             cdc::log::Logger::Make({.to_stderr = std::getenv(cdc::contract::kLogToFileOnly) == nullptr,
                                     .file = layout.orchestrator_log()}));
  CDC_ASSIGN(auto daemon, cdc::orchestrator::Daemon::Make(config, logger, {jobs, line.task == Task::kDrain}));
  return daemon->Run();
}

}  // namespace

int main(int argc, char** argv) {
  auto line = cdc::orchestrator::ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line) return Fail(line.error());
  switch (line->task) {
    case Task::kHelp: fmt::print("{}", cdc::orchestrator::Usage()); return 0;
    case Task::kVersion:
      fmt::print("cdc-orchestrator {}\n{}\n", CDC_VERSION, cdc::kafka::LibraryVersion());
      return 0;
    case Task::kCheck: return Check(*line);
    case Task::kRun:
    case Task::kDrain: break;
  }
  auto fine = Run(*line);
  if (!fine) return Fail(fine.error());
  return *fine ? 0 : 1;
}
