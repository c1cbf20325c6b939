#pragma once

/// \file cli/doctor_checks.h
/// What a pipeline needs, looked at one by one. Each check asks and tells; none changes anything but for a
/// probe object in the store, which it deletes.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/postgres/source_server.h"

namespace cdc::cli {

enum class Health {
  kGood,
  kDoubtful,  ///< works, and a person should know
  kBad,       ///< does not work
};

struct Finding {
  std::string subject;  ///< "kafka", "source", "catalog": a stable word
  Health health = Health::kGood;
  std::string text;      ///< one line
  std::string fix = {};  ///< what to do, as a command or a line of configuration; empty where all is well
};
using Findings = std::vector<Finding>;

// Pure parts, with what was found out as arguments.

/// \param tables that the configuration lists \param discover all others are wanted as well
Findings JudgeSourceServer(const postgres::SourceServer& server, const std::vector<config::Table>& tables,
                           bool discover);
/// \param ahead_ms this machine's clock less the other's \param whose "PostgreSQL's"
Finding JudgeClock(int64_t ahead_ms, const std::string& whose);
/// \param files RLIMIT_NOFILE \param jobs [orchestrator] max_jobs \param free_bytes of the disk with
/// state_dir
Findings JudgeLimits(uint64_t files, int jobs, uint64_t free_bytes);

// Those that ask.

Findings CheckConfiguration(const config::Config& config);
Findings CheckStateFolder(const config::Config& config);
Findings CheckKafka(const config::Config& config);
Findings CheckSource(const config::Config& config);
Findings CheckLake(const config::Config& config);
Findings CheckSinks(const config::Config& config);
Findings CheckOrchestrator(const config::Config& config);

}  // namespace cdc::cli
