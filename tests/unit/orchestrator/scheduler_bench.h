#pragma once

/// \file tests/unit/orchestrator/scheduler_bench.h
/// A Scheduler with scripted ports, a hand-moved clock and a real ledger.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include "lib/contract/report.h"
#include "orchestrator/process_end.h"
#include "orchestrator/scheduler.h"
#include "tests/unit/orchestrator/fakes.h"

namespace cdc::orchestrator {

using std::chrono::seconds;

/// An orchestrator without the world; `Restart()` is a new process on the same state folder.
struct SchedulerBench {
  explicit SchedulerBench(std::string tables = "[tables.a]\n[tables.b]\n[tables.c]\n", bool drain = false)
      : folder(::mkdtemp(name)), tables_(std::move(tables)), drain_(drain) {
    Restart();
  }
  ~SchedulerBench() {
    scheduler.reset();
    ledger.reset();
    std::filesystem::remove_all(folder);
  }

  std::shared_ptr<const config::Config> Config(const std::string& tables) const {
    auto config = config::Parse(R"([kafka]
bootstrap_servers = "none"
[source]
topic_prefix = "p"
[catalog]
uri = "c.db"
warehouse = "w"
namespace = "n"
[orchestrator]
max_jobs = 2
)" + tables,
                                folder / "tables.toml");
    INFO((config ? "" : config.error().message));
    REQUIRE(config.has_value());
    return *config;
  }

  void Restart() {
    scheduler.reset();
    launcher.starts.clear();
    source.listening.clear();
    source.span_questions.clear();
    source.topic_questions.clear();
    ledger.reset();
    auto opened = contract::Ledger::Open(folder / "ledger.db");
    REQUIRE(opened.has_value());
    ledger.emplace(std::move(*opened));
    scheduler.emplace(clock, launcher, source, *ledger, log::Logger(),
                      SchedulerOptions{.jobs_folder = "/jobs",
                                       .layout = contract::StateLayout(folder),
                                       .drain = drain_,
                                       .group = group,
                                       .lock_holder = [this](const std::filesystem::path& p) {
                                         return locks.contains(p.filename().string()) ? 99 : 0;
                                       }});
    REQUIRE(scheduler->Apply(Config(tables_)).has_value());
    scheduler->Advance();
  }
  void Reload(const std::string& tables) {
    REQUIRE(scheduler->Apply(Config(tables)).has_value());
    scheduler->Advance();
    Answer();
  }

  /// Lets time go by in steps no longer than the scheduler's own.
  void Pass(Millis time) {
    SteadyTime end = clock.steady() + time;
    while (clock.steady() < end) {
      clock.Pass(std::chrono::duration_cast<Millis>(
          std::min(end, std::max(scheduler->NextWake(), clock.steady() + Millis(1))) - clock.steady()));
      source.Answer();
      scheduler->Advance();
      Deliver();
    }
  }
  void Answer() {
    for (int i = 0; i < 2; ++i) {
      source.Answer();
      scheduler->Advance();
      Deliver();
    }
  }
  /// What listening brings, unless the source is deaf.
  void Deliver() {
    if (source.deaf) return;
    for (const auto& [topic, next] : std::map(source.listening)) {
      for (const auto& [partition, end] : source.contents[topic]) {
        auto known = next.find(partition);
        if (end <= (known == next.end() ? 0 : known->second)) continue;
        source.Mute(topic);
        scheduler->OnChange(topic, "c");
        scheduler->Advance();
        break;
      }
    }
  }
  /// One record more in the topic, noticed if somebody listens.
  void Produce(const std::string& table) {
    ++source.contents["p.public." + table][0];
    Deliver();
  }
  void Say(const std::string& table, const contract::WorkerMessage& message) {
    launcher.Of(table)->callbacks.on_message(message);
    scheduler->Advance();
  }
  /// The worker ends; with exit 0 it has read everything.
  void End(const std::string& table, ProcessEnd end, std::string reason = "") {
    contract::Report report{.table = table, .run = "1", .reason = std::move(reason)};
    const auto* exited = std::get_if<Exited>(&end);
    if (exited && exited->code == 0) {
      for (auto [partition, offset] : source.contents["p.public." + table]) report.to[partition] = offset;
    }
    launcher.Of(table)->callbacks.on_end(Judge(end), exited ? contract::EncodeReport(report) : "");
    scheduler->Advance();
  }
  std::string StateOf(const std::string& table) {
    for (const auto& record : scheduler->Records()) {
      if (record.table == table) return record.state;
    }
    return "none";
  }
  contract::TableRecord InLedger(const std::string& table) {
    auto record = ledger->FindTable(table);
    return record ? *record : contract::TableRecord{.table = "none"};
  }

  char name[40] = "/tmp/cdc_scheduler_XXXXXX";
  std::filesystem::path folder;
  std::string tables_;
  bool drain_;
  TableGroup* group = nullptr;  ///< from the next Restart() on
  FakeClock clock;
  FakeLauncher launcher;
  FakeSource source;
  std::map<std::string, bool> locks;
  std::optional<contract::Ledger> ledger;
  std::optional<Scheduler> scheduler;
};

}  // namespace cdc::orchestrator
