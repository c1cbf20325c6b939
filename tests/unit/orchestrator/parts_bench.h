#pragma once

/// \file tests/unit/orchestrator/parts_bench.h
/// What the scheduler's parts share, without the scheduler: events are kept instead of acted upon.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include "orchestrator/callback_guard.h"
#include "orchestrator/ledger_writer.h"
#include "orchestrator/tables.h"
#include "tests/unit/orchestrator/fakes.h"

namespace cdc::orchestrator {

using std::chrono::seconds;
using Names = std::vector<std::string>;

struct PartsBench {
  explicit PartsBench(const std::string& lines = "[tables.a]\n[tables.b]\n[tables.c]\n")
      : folder(::mkdtemp(name)), config(Config(lines)) {
    auto opened = contract::Ledger::Open(folder / "ledger.db");
    REQUIRE(opened.has_value());
    store = std::make_unique<contract::Ledger>(std::move(*opened));
    writer = std::make_unique<LedgerWriter>(*store, clock, log::Logger());
    for (const config::Table& table : config->tables) tables.Add(*config, table);
  }
  PartsBench(const PartsBench&) = delete;
  PartsBench& operator=(const PartsBench&) = delete;
  ~PartsBench() {
    writer.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }

  std::shared_ptr<const config::Config> Config(const std::string& lines) const {
    auto parsed = config::Parse(
        "[kafka]\nbootstrap_servers = \"none\"\n[source]\ntopic_prefix = \"p\"\n"
        "[catalog]\nuri = \"c.db\"\nwarehouse = \"w\"\nnamespace = \"n\"\n" +
            lines,
        folder / "tables.toml");
    REQUIRE(parsed.has_value());
    return *parsed;
  }

  JobEntry& In(const std::string& table, Phase phase, Millis due_in = Millis(0)) {
    JobEntry& entry = *tables.Find(table);
    entry.state.phase = phase;
    entry.state.due = clock.steady() + due_in;
    tables.NoteAwake(entry);
    return entry;
  }

  /// The tables that were fed an event of this kind, in order; forgets them.
  template <typename Kind>
  Names Fed() {
    Names names;
    std::erase_if(fed, [&](const auto& item) {
      if (!std::holds_alternative<Kind>(item.second)) return false;
      names.push_back(item.first);
      return true;
    });
    return names;
  }

  char name[40] = "/tmp/cdc_parts_XXXXXX";
  std::filesystem::path folder;
  std::shared_ptr<const config::Config> config;
  FakeClock clock;
  FakeSource source;
  FakeLauncher launcher;
  std::unique_ptr<contract::Ledger> store;
  std::unique_ptr<LedgerWriter> writer;
  Tables tables;
  int woken = 0;
  CallbackGuard guard{[this] { ++woken; }};
  std::vector<std::pair<std::string, Event>> fed;
  Feed feed = [this](JobEntry& entry, const Event& event) { fed.emplace_back(entry.name(), event); };
};

}  // namespace cdc::orchestrator
