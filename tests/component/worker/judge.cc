#include "tests/component/worker/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

std::vector<std::string> CatalogArguments(const Pipeline& pipeline, const std::vector<std::string>& tables) {
  return {"--catalog",   pipeline.catalog().string(),
          "--namespace", "university",
          "--tables",    fmt::format("{}", fmt::join(tables, ","))};
}

}  // namespace

std::string Differences(const Pipeline& pipeline, const std::string& state,
                        const std::vector<std::string>& tables) {
  auto arguments = CatalogArguments(pipeline, tables);
  arguments.insert(arguments.end(), {"--expected", std::string(CDC_TEST_DATA) + "/expected/" + state});
  const PythonAnswer answer = RunPython("tests/support/verify_tables.py", arguments);
  return answer.exit == 0 ? "" : answer.output;
}

nlohmann::json Dump(const Pipeline& pipeline, const std::vector<std::string>& tables, bool every_snapshot) {
  auto arguments = CatalogArguments(pipeline, tables);
  if (every_snapshot) arguments.emplace_back("--every-snapshot");
  return AskPython("tests/support/dump_tables.py", arguments);
}

}  // namespace cdc::worker
