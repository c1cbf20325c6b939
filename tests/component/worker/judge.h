#pragma once

/// \file tests/component/worker/judge.h
/// Independent readers of the tables a worker wrote.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

/// What verify_tables.py says of `tables` against a folder below tests/data/expected; empty: everything
/// matches.
std::string Differences(const Pipeline& pipeline, const std::string& state,
                        const std::vector<std::string>& tables);

/// What dump_tables.py prints of `tables`: {table: {"columns", "rows", "snapshots", …}}.
nlohmann::json Dump(const Pipeline& pipeline, const std::vector<std::string>& tables,
                    bool every_snapshot = false);

}  // namespace cdc::worker
