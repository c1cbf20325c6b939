#pragma once

/// \file tests/component/iceberg/python_judge.h
/// Runs judge.py: independent writers and readers of Parquet and Iceberg.

#include "tests/support/python_script.h"

namespace cdc::iceberg {

/// The command's JSON answer; throws with its stderr when it fails.
inline nlohmann::json Judge(const std::vector<std::string>& arguments) {
  return AskPython("tests/component/iceberg/judge.py", arguments);
}

}  // namespace cdc::iceberg
