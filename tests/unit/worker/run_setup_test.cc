#include "jobs/worker/run_setup.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

namespace cdc::worker {

namespace fs = std::filesystem;

constexpr const char* kGood = R"(
[kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "p"
[catalog]
uri = "catalog.db"
warehouse = "warehouse"
namespace = "n"
[tables.t]
)";

TEST_CASE(
    "a run reads the configuration that the orchestrator has accepted, whatever the file holds by then") {
  std::string name = (fs::temp_directory_path() / "run-setup-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  const fs::path folder = name;
  CommandLine line;
  line.config = folder / "tables.toml";
  std::ofstream(line.config) << "half a li";
  CHECK(LoadConfig(line).error().kind == ErrorKind::kInvalidConfig);

  fs::create_directories(folder / "state");
  line.accepted = folder / "state" / "accepted.toml";
  std::ofstream(line.accepted) << kGood;
  const auto config = LoadConfig(line);
  REQUIRE(config.has_value());
  CHECK((*config)->FindTable("t").has_value());
  CHECK((*config)->catalog.uri == (folder / "catalog.db").string());  // as the file it is a copy of has it

  fs::remove(line.accepted);
  std::ofstream(line.config) << kGood;
  CHECK(LoadConfig(line).has_value());
  fs::remove_all(folder);
}

}  // namespace cdc::worker
