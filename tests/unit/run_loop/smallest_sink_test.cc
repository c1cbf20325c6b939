#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "jobs/worker/loop.h"
#include "tests/support/result_printing.h"
#include "tests/unit/run_loop/counting_sink.h"
#include "tests/unit/run_loop/replayed_source.h"

namespace cdc::worker {
namespace {

namespace fs = std::filesystem;

kafka::OwnRecord Change(int64_t offset, const char* op, int id) {
  const nlohmann::json row = {{"id", id}};
  const bool gone = *op == 'd';
  const nlohmann::json value = {{"before", gone ? row : nlohmann::json()},
                                {"after", gone ? nlohmann::json() : row},
                                {"source", {{"schema", "public"}, {"table", "t"}, {"lsn", offset}}},
                                {"op", op}};
  return {"s.public.t", 0, offset, offset, row.dump(), value.dump(), {}};
}

/// One run up to the log's end. \return what the sink's file holds then
nlohmann::json Drain(const fs::path& folder, const Log& log) {
  CountingSink sink(folder / "counts.json", "s.public.t");
  Table table(sink);
  source::SourceSettings settings;
  settings.table = settings.bare_name = settings.source_table = "t";
  settings.topic = "s.public.t";
  settings.index_folder = folder;
  source::DeadLetters letters([](const source::Letter&, const std::string& reason) { FAIL(reason); });
  source::TaintedKeys tainted = *source::TaintedKeys::Load({}, table.shape().key_secret, "t");
  HandClock clock;
  source::Intake intake(settings, table, letters, tainted, nullptr, {}, clock, log::Logger());
  contract::JobChannel channel(-1);
  SourceCounts counts;
  const std::atomic<bool> stop{false};
  ReplayedSource source("s.public.t", {log, table, intake, letters, tainted, clock, counts,
                                       []() -> Result<size_t> { return 2; }});
  contract::Report report;
  REQUIRE(Loop(RulesOf(settings, true), {source, table, channel, clock, stop, counts, log::Logger()})
              .Run(&report));
  return nlohmann::json::parse(std::ifstream(folder / "counts.json"));
}

}  // namespace

TEST_CASE("a sink of opened(), Follow() and Commit() counts each change once, over two runs") {
  const fs::path folder = fs::temp_directory_path() / "cdc-counting-sink";
  fs::remove_all(folder);
  fs::create_directories(folder);
  Log log = {{Change(0, "c", 1), Change(1, "c", 2), Change(2, "d", 1)}};
  nlohmann::json counts = Drain(folder, log);
  CHECK(counts["offsets"] == R"({"0":3})");
  CHECK(counts["upserts"] == 2);
  CHECK(counts["deletes"] == 1);
  log[0].push_back(Change(3, "u", 2));
  counts = Drain(folder, log);
  CHECK(counts["offsets"] == R"({"0":4})");
  CHECK(counts["upserts"] == 3);
  fs::remove_all(folder);
}

}  // namespace cdc::worker
