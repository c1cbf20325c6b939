#include "tests/component/iceberg/python_judge.h"

#include <cstdio>
#include <stdexcept>

namespace cdc::iceberg {

nlohmann::json Judge(const std::vector<std::string>& arguments) {
  std::string command = std::string(CDC_PYTHON) + " " + CDC_SOURCE_DIR + "/tests/component/iceberg/judge.py";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, got);
  const int code = ::pclose(pipe);
  if (code != 0) throw std::runtime_error(command + "\n" + output);
  // Warnings may come before it: the answer is the last line.
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return nlohmann::json::parse(output.substr(output.rfind('\n') + 1));
}

}  // namespace cdc::iceberg
