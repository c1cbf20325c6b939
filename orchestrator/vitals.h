#pragma once

/// \file orchestrator/vitals.h
/// What Linux says about this process and its workers (/proc).

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace cdc::orchestrator {

/// Nothing: it could not be read.
struct Vitals {
  std::optional<double> cpu_seconds = {};  ///< user and system, of this process alone
  std::optional<int64_t> resident_bytes = {};
  std::optional<int64_t> open_fds = {};
  std::optional<double> start_seconds = {};     ///< Unix time
  std::map<int, int64_t> resident_by_pid = {};  ///< bytes; workers that have gone are missing
};

/// Of those processes that are there. Any thread.
std::map<int, int64_t> ResidentBytes(const std::vector<int>& pids);

/// Any thread. `pids`: of workers; 0 is left out.
Vitals ReadVitals(const std::vector<int>& pids);

}  // namespace cdc::orchestrator
