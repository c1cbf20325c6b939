#include "tests/component/worker/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <cstdio>
#include <stdexcept>

namespace cdc::worker {
namespace {

struct Answer {
  int exit = -1;
  std::string output;
};

Answer RunPython(const std::string& script, const std::string& arguments) {
  const std::string command =
      fmt::format("'{}' '{}/tests/support/{}' {} 2>&1", CDC_PYTHON, CDC_SOURCE_DIR, script, arguments);
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  Answer answer;
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof(buffer), pipe)) answer.output.append(buffer, got);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) answer.exit = WEXITSTATUS(status);
  return answer;
}

std::string CatalogArguments(const Pipeline& pipeline, const std::vector<std::string>& tables) {
  return fmt::format("--catalog '{}' --namespace university --tables '{}'", pipeline.catalog().string(),
                     fmt::join(tables, ","));
}

}  // namespace

std::string Differences(const Pipeline& pipeline, const std::string& state,
                        const std::vector<std::string>& tables) {
  const Answer answer =
      RunPython("verify_tables.py", fmt::format("{} --expected '{}/expected/{}'",
                                                CatalogArguments(pipeline, tables), CDC_TEST_DATA, state));
  return answer.exit == 0 ? "" : answer.output;
}

nlohmann::json Dump(const Pipeline& pipeline, const std::vector<std::string>& tables, bool every_snapshot) {
  const Answer answer = RunPython(
      "dump_tables.py", CatalogArguments(pipeline, tables) + (every_snapshot ? " --every-snapshot" : ""));
  if (answer.exit != 0) throw std::runtime_error(answer.output);
  return nlohmann::json::parse(answer.output.substr(answer.output.find('{')));
}

}  // namespace cdc::worker
