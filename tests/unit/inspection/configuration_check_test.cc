#include "lib/inspection/configuration_check.h"

#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/result_printing.h"

namespace cdc::inspection {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSound = R"toml([kafka]
bootstrap_servers = "127.0.0.1:9092, [::1]:9093,broker"
[kafka.properties]
"client.rack" = "true"
[source]
topic_prefix = "u"
dsn = "host=/tmp dbname=x"
[catalog]
type = "sqlite"
uri = "c.db"
warehouse = "w"
namespace = "n"
[tables.a]
[tables.a.columns]
price = "numeric(12,2)"
)toml";

/// The check of `text`; jobs/upsert is there, and no other.
std::string Check(std::string text) {
  const fs::path jobs = fs::temp_directory_path() / fmt::format("cdc-check-test-jobs-{}", ::getpid());
  fs::create_directories(jobs);
  std::ofstream(jobs / "upsert") << "";
  fs::permissions(jobs / "upsert", fs::perms::owner_all);
  const auto config = config::Parse(text, "/x/tables.toml");
  REQUIRE(config);
  const std::string found = config::FormatProblems("t", FindProblems(**config, jobs));
  fs::remove_all(jobs);
  return found;
}

std::string With(const std::string& before, const std::string& after) {
  std::string text = kSound;
  const size_t at = text.find(before);
  REQUIRE(at != text.npos);
  return text.replace(at, before.size(), after);
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a sound configuration has no problems") { CHECK(Check(kSound) == ""); }

TEST_CASE("a declared type that PostgreSQL does not have is named with its line") {
  const std::string found = Check(With("numeric(12,2)", "decimel(12,2)"));
  INFO(found);
  CHECK(Contains(found, "t:15: tables.a.columns.price"));
  CHECK(Contains(found, "decimel"));
}

TEST_CASE("addresses are host:port without a scheme") {
  for (const char* bad : {"http://localhost:9092", "localhost:port", "localhost:0", "a:1,,b:2", ":9092", "a:70000"}) {
    const std::string found = Check(With("127.0.0.1:9092, [::1]:9093,broker", bad));
    INFO(bad << "\n" << found);
    CHECK(Contains(found, "t:2: kafka.bootstrap_servers"));
  }
}

TEST_CASE("a property that librdkafka refuses is named, and its value is not shown") {
  std::string found = Check(With("\"client.rack\" = \"true\"", "\"client.rak\" = \"true\""));
  CHECK(Contains(found, "client.rak"));
  found = Check(With("\"client.rack\" = \"true\"", "\"security.protocol\" = \"hunter2\""));
  INFO(found);
  CHECK(Contains(found, "security.protocol"));
  CHECK_FALSE(Contains(found, "hunter2"));
}

TEST_CASE("a connection string that libpq cannot read is a problem, and nothing of it is shown") {
  const std::string found = Check(With("host=/tmp dbname=x", "host=/tmp hunter2"));
  INFO(found);
  CHECK(Contains(found, "t:7: source.dsn"));
  CHECK_FALSE(Contains(found, "hunter2"));
}

TEST_CASE("a job without a program is named with what to do") {
  const std::string found = Check(With("[tables.a]\n", "[tables.a]\njob = \"nothere\"\n"));
  INFO(found);
  CHECK(Contains(found, "t:14: tables.a.job"));
  CHECK(Contains(found, "jobs/nothere/main.cc"));
}

}  // namespace cdc::inspection
