#include "tests/support/python_script.h"

#include <sys/wait.h>

#include <cstdio>
#include <stdexcept>

namespace cdc {

PythonAnswer RunPython(const std::string& script, const std::vector<std::string>& arguments,
                       const std::string& environment) {
  std::string command = environment + " '" CDC_PYTHON "' '" CDC_SOURCE_DIR "/" + script + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  PythonAnswer answer;
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof(buffer), pipe)) answer.output.append(buffer, got);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) answer.exit = WEXITSTATUS(status);
  return answer;
}

nlohmann::json AskPython(const std::string& script, const std::vector<std::string>& arguments,
                         const std::string& environment) {
  auto [exit, output] = RunPython(script, arguments, environment);
  if (exit != 0) throw std::runtime_error(script + "\n" + output);
  // Warnings may come before it: the answer is the last line.
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return nlohmann::json::parse(output.substr(output.rfind('\n') + 1));
}

}  // namespace cdc
