#pragma once

/// \file tests/component/iceberg/python_judge.h
/// Runs judge.py: independent writers and readers of Parquet and Iceberg.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cdc::iceberg {

/// The command's JSON answer; throws with its stderr when it fails.
nlohmann::json Judge(const std::vector<std::string>& arguments);

}  // namespace cdc::iceberg
