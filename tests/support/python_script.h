#pragma once

/// \file tests/support/python_script.h
/// The project's Python, for judges that are independent of our own code.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cdc {

struct PythonAnswer {
  int exit = -1;       ///< −1: it died of a signal
  std::string output;  ///< stdout and stderr
};

/// Runs `script`, a path below the project's root. Throws std::runtime_error when it cannot be started.
///
/// \param arguments without single quotes in them \param environment "NAME='value' …" beside the test's own
PythonAnswer RunPython(const std::string& script, const std::vector<std::string>& arguments,
                       const std::string& environment = "");

/// As RunPython. \return the JSON on its last line; throws with what it printed when it fails
nlohmann::json AskPython(const std::string& script, const std::vector<std::string>& arguments,
                         const std::string& environment = "");

}  // namespace cdc
