// Killed workers, lost answers, restarted servers and runs that were believed dead: each change once.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/component/sink_postgres/cutting_proxy.h"
#include "tests/component/sink_postgres/target.h"
#include "tests/component/worker/random_stream.h"

namespace cdc::postgres_sink {
namespace {

using worker::Ended;
using worker::Event;
using worker::MakeStream;
using worker::SourceStream;

constexpr const char* kQuick = "commit_interval = \"1ms\"\n";

uint32_t Seed() {
  // CDC_TEST_SEED=n gives another stream and other moments.
  const char* wanted = std::getenv("CDC_TEST_SEED");
  return wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)) : 20260102;
}

std::vector<Event> Part(const SourceStream& source, size_t from, size_t to) {
  const auto begin = source.events.begin();
  return {begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)};
}

std::string DsnOf(const CuttingProxy& proxy) {
  return fmt::format("host=127.0.0.1 port={} user=cdc dbname=postgres sslmode=disable gssencmode=disable",
                     proxy.port());
}

}  // namespace

TEST_CASE("a worker of a PostgreSQL table that is killed at random moments loses nothing and repeats nothing") {
  INFO("seed " << Seed());
  constexpr int kKills = 20;
  Target target("killed", kQuick);
  const SourceStream source = MakeStream(target.changes, 8'000, Seed());
  std::mt19937 dice(Seed());

  // A run that nobody kills tells how long one takes here.
  size_t sent = source.events.size() / (2 * kKills);
  target.Send(Part(source, 0, sent));
  const auto began = std::chrono::steady_clock::now();
  target.Drain();
  const auto a_run =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  const auto longest = static_cast<uint32_t>(std::clamp<int64_t>(a_run.count(), 120'000, 2'000'000));
  for (int kill = 0; kill < kKills; ++kill) {
    const size_t more = std::min(source.events.size(), sent + source.events.size() / kKills);
    auto run = target.pipeline.Start("killed", false);
    target.Send(Part(source, sent, more));
    sent = more;
    // The moment of the kill is what varies; nothing is waited for.
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % longest));
    run->Signal(SIGKILL);
    REQUIRE(run->Wait().signal == SIGKILL);
  }
  target.Send(Part(source, sent, source.events.size()));
  const contract::Report report = target.Drain();
  CHECK(report.to.at(0) == static_cast<int64_t>(source.events.size()));
  CHECK(target.RowsById() == source.rows);
}

TEST_CASE("a COMMIT whose answer is lost is found out, whether it took place or not") {
  const auto cut = GENERATE(CuttingProxy::Cut::kBeforeCommit, CuttingProxy::Cut::kAfterCommit);
  postgres::Server server;
  CuttingProxy proxy(server.socket());
  worker::Pipeline pipeline;
  worker::Changes changes("cut");
  pipeline.Configure(fmt::format("[sinks.target]\ntype = \"postgres\"\ndsn = \"{}\"\nschema = \"copy\"\n"
                                 "[tables.cut]\nsink = \"target\"\nmetadata_columns = []\nmode = \"append\"\n"
                                 "commit_interval = \"1ms\"\nmemory = \"96MB\"\n",
                                 DsnOf(proxy)));
  pipeline.MakeTopic(changes.topic());
  // Rows of an append-only table tell each event that is applied twice.
  int64_t id = 0;
  const auto batch = [&] {
    std::vector<Event> events;
    for (int i = 0; i < 50; ++i) events.push_back(changes.Create({{"id", ++id}, {"n", id}}));
    return events;
  };
  pipeline.Send(changes.topic(), batch());
  REQUIRE(pipeline.Drain("cut").exit == 0);
  for (int round = 0; round < 3; ++round) {
    pipeline.Send(changes.topic(), batch());
    // The second COMMIT of a run is that of its first rows; the first one takes the pipeline over.
    proxy.CutEvery(2, cut);
    const Ended ended = pipeline.Drain("cut");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
    CHECK(proxy.cuts() > round);
    proxy.CutEvery(1, CuttingProxy::Cut::kNever);
  }
  CHECK(server.Ask("SELECT count(*), count(DISTINCT id), max(id) FROM copy.cut") == fmt::format("{0}|{0}|{0}", id));
}

TEST_CASE("a server that restarts under a worker costs no change and no run") {
  Target target("restarted", kQuick);
  const SourceStream source = MakeStream(target.changes, 3'000, Seed());
  target.Send(Part(source, 0, 1'000));
  target.Drain();
  auto run = target.pipeline.Start("restarted", true);
  target.server.Stop();
  target.Send(Part(source, 1'000, source.events.size()));
  target.server.Start();
  const Ended ended = run->Wait();
  INFO(ended.report.reason << ended.log);
  CHECK((ended.exit == 0 || ended.exit == 75));  // 75: it was away while the run began
  target.Drain();
  CHECK(target.RowsById() == source.rows);
}

TEST_CASE("a run that was believed dead finds that another one writes its table, and ends") {
  Target target("zombie", kQuick);
  const SourceStream source = MakeStream(target.changes, 2'000, Seed());
  target.Send(Part(source, 0, 500));
  auto zombie = target.pipeline.Start("zombie", false);
  while (target.server.Ask("SELECT to_regclass('copy.zombie') IS NOT NULL") != "t") {
    REQUIRE(zombie->running());
  }
  // Between two of its transactions: one that is open would hold the rows that the other run waits for.
  zombie->Signal(SIGSTOP);
  while (target.server.Ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND "
                           "xact_start IS NOT NULL AND pid <> pg_backend_pid()") != "0") {
    zombie->Signal(SIGCONT);
    REQUIRE(zombie->running());
    zombie->Signal(SIGSTOP);
  }
  // A machine of its own has another state_dir, and so another lock.
  std::filesystem::rename(target.pipeline.state(), target.pipeline.folder() / "elsewhere");
  target.Send(Part(source, 500, 1'000));
  target.Drain();
  zombie->Signal(SIGCONT);
  target.Send(Part(source, 1'000, source.events.size()));
  const Ended ended = zombie->Wait();
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 75);
  target.Drain();
  CHECK(target.RowsById() == source.rows);
}

}  // namespace cdc::postgres_sink
