// kill -9 at random moments of draining a stream: nothing lost, nothing twice, and every snapshot is a state
// of the source.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/random_stream.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

/// The rows after the first `count` events, by a plain reading of them.
std::map<int64_t, json> RowsAfter(const std::vector<Event>& events, size_t count) {
  std::map<int64_t, json> rows;
  std::map<int64_t, json> moving;
  for (size_t i = 0; i < count; ++i) {
    if (!events[i].value) continue;
    const json change = json::parse(*events[i].value);
    if (change["op"] == "t") {
      rows.clear();
    } else if (change["op"] == "d") {
      const int64_t id = change["before"]["id"];
      moving[id] = rows.at(id);
      rows.erase(id);
    } else {
      json row = change["after"];
      if (row["doc"] == kUnchangedToast) {
        const bool moved = !events[i].headers.empty();
        const int64_t old = moved ? json::parse(events[i].headers[0].second)["id"] : row["id"];
        row["doc"] = moved ? moving.at(old)["doc"] : rows.at(old)["doc"];
      }
      rows[row["id"]] = row;
    }
  }
  return rows;
}

std::map<int64_t, json> ById(const json& rows) {
  std::map<int64_t, json> by_id;
  for (json row : rows) {
    row.erase("ingestion_time");
    if (!by_id.emplace(row["id"], row).second) FAIL_CHECK("twice in the table: " << row.dump());
  }
  return by_id;
}

}  // namespace

TEST_CASE("a worker killed at random moments loses nothing and repeats nothing") {
  // CDC_TEST_SEED=n gives another stream and other moments.
  const char* wanted = std::getenv("CDC_TEST_SEED");
  const uint32_t seed =
      wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)) : 20260101;
  INFO("seed " << seed);
  constexpr int kKills = 25;
  Changes changes("killed");
  const SourceStream source = MakeStream(changes, 12'000, seed);
  Pipeline pipeline;
  // Commits follow each other as fast as messages come: there is always one to be killed in.
  pipeline.Configure("[tables.killed]\ncommit_interval = \"1ms\"\n");
  pipeline.MakeTopic(changes.topic());
  std::mt19937 dice(seed);

  // A run that nobody kills tells how long one takes here: on a busy machine the others get more time to die
  // in.
  size_t sent = source.events.size() / (2 * kKills);
  pipeline.Send(changes.topic(),
                {source.events.begin(), source.events.begin() + static_cast<std::ptrdiff_t>(sent)});
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(pipeline.Drain("killed").exit == 0);
  const auto a_run =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  const auto longest = static_cast<uint32_t>(std::clamp<int64_t>(a_run.count(), 120'000, 2'000'000));

  // Parts of the stream arrive while workers die, so that each run has something to commit.
  for (int kill = 0; kill < kKills; ++kill) {
    const size_t more = std::min(source.events.size(), sent + source.events.size() / kKills);
    auto worker = pipeline.Start("killed", false);
    const auto first = source.events.begin() + static_cast<std::ptrdiff_t>(sent);
    pipeline.Send(changes.topic(), {first, source.events.begin() + static_cast<std::ptrdiff_t>(more)});
    sent = more;
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % longest));
    worker->Signal(SIGKILL);
    const Ended ended = worker->Wait();
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.signal == SIGKILL);
  }
  pipeline.Send(changes.topic(),
                {source.events.begin() + static_cast<std::ptrdiff_t>(sent), source.events.end()});
  const Ended ended = pipeline.Drain("killed");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  CHECK(ended.report.to.at(0) == static_cast<int64_t>(source.events.size()));

  const json table = Dump(pipeline, {"killed"}, true)["killed"];
  CHECK(ById(table["rows"]) == source.rows);
  CHECK(table["snapshots"].size() > 3);  // on a busy machine most runs die before their first commit
  for (const json& snapshot : table["snapshots"]) {
    if (!snapshot["summary"].contains("cdc.offsets")) continue;
    const json offsets = json::parse(snapshot["summary"]["cdc.offsets"].get<std::string>());
    const size_t next = offsets[changes.topic()]["0"];
    INFO("snapshot " << snapshot["id"] << " at offset " << next);
    CHECK(ById(snapshot["rows"]) == RowsAfter(source.events, next));
  }
}

}  // namespace cdc::worker
