// Killed workers, damaged caches, other writers, runs that were believed dead: each change once.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "tests/component/sink_delta/delta_folder.h"
#include "tests/component/worker/random_stream.h"

namespace cdc::delta_sink {
namespace {

using worker::Ended;
using worker::MakeStream;
using worker::SourceStream;

constexpr const char* kQuick = "commit_interval = \"1ms\"\n";

}  // namespace

TEST_CASE("a worker of a Delta table that is killed at random moments loses nothing and repeats nothing") {
  INFO("seed " << Seed());
  constexpr int kKills = 15;
  DeltaFolder target("killed", kQuick);
  const SourceStream source = MakeStream(target.changes, 6'000, Seed());
  std::mt19937 dice(Seed());

  // A run that nobody kills tells how long one takes here.
  size_t sent = source.events.size() / (2 * kKills);
  target.Send(Part(source.events, 0, sent));
  const auto began = std::chrono::steady_clock::now();
  target.Drain();
  const auto a_run =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  const auto longest = static_cast<uint32_t>(std::clamp<int64_t>(a_run.count(), 120'000, 2'000'000));
  for (int kill = 0; kill < kKills; ++kill) {
    const size_t more = std::min(source.events.size(), sent + source.events.size() / kKills);
    auto run = target.pipeline.Start("killed", false);
    target.Send(Part(source.events, sent, more));
    sent = more;
    // The moment of the kill is what varies; nothing is waited for.
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % longest));
    run->Signal(SIGKILL);
    REQUIRE(run->Wait().signal == SIGKILL);
  }
  target.Send(Part(source.events, sent, source.events.size()));
  const contract::Report report = target.Drain();
  CHECK(report.to.at(0) == static_cast<int64_t>(source.events.size()));
  CHECK(target.RowsById() == source.rows);
  target.CheckFeed();
}

TEST_CASE(
    "a random stream in many runs, without the feed and with a lost index in between, gives the source's "
    "rows") {
  DeltaFolder target("parts", kQuick, false);
  const SourceStream source = MakeStream(target.changes, 3'000, Seed() + 1);
  const size_t step = source.events.size() / 24;
  for (size_t at = 0; at < source.events.size(); at += step) {
    target.Send(Part(source.events, at, std::min(at + step, source.events.size())));
    target.Drain();
    if (at == 9 * step) std::filesystem::remove_all(target.pipeline.state() / "index" / "parts");
  }
  CHECK(target.RowsById() == source.rows);
}

TEST_CASE("a run that was believed dead finds that another one writes its table, and ends") {
  DeltaFolder target("zombie", kQuick);
  const SourceStream source = MakeStream(target.changes, 2'000, Seed());
  target.Send(Part(source.events, 0, 500));
  auto zombie = target.pipeline.Start("zombie", false);
  while (!std::filesystem::exists(target.root() / "_delta_log" / "00000000000000000001.json"))
    REQUIRE(zombie->running());
  zombie->Signal(SIGSTOP);
  // A machine of its own has another state_dir, and so another lock.
  std::filesystem::rename(target.pipeline.state(), target.pipeline.folder() / "elsewhere");
  target.Send(Part(source.events, 500, 1'000));
  target.Drain();
  zombie->Signal(SIGCONT);
  target.Send(Part(source.events, 1'000, source.events.size()));
  const Ended ended = zombie->Wait();
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 75);
  target.Drain();
  CHECK(target.RowsById() == source.rows);
  target.CheckFeed();
}

TEST_CASE("another writer that adds rows holds the table, one that changes properties does not") {
  DeltaFolder target("foreign");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}})});
  const int64_t first = *target.Drain().snapshot_id;
  const auto commit = [&target](int64_t version, const std::string& actions) {
    std::ofstream(target.root() / "_delta_log" / fmt::format("{:020d}.json", version))
        << "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"X\",\"engineInfo\":\"other\",\"txnId\":"
           "\"other\"}}\n"
        << actions;
  };
  commit(first + 1, "{\"txn\":{\"appId\":\"other\",\"version\":5}}\n");
  target.Send({changes.Update({{"id", 1}, {"n", 2}})});
  const int64_t second = *target.Drain().snapshot_id;
  CHECK(second == first + 2);
  CHECK(target.RowsById().at(1)["n"] == 2);
  commit(second + 1,
         "{\"add\":{\"path\":\"x.parquet\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
         "\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":3}\"}}\n");
  target.Send({changes.Update({{"id", 1}, {"n", 3}})});
  const Ended held = target.Fail();
  CHECK(held.exit == 78);
  CHECK(held.report.reason.find("another writer added rows") != std::string::npos);
}

}  // namespace cdc::delta_sink
