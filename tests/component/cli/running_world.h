#pragma once

/// \file tests/component/cli/running_world.h
/// A running orchestrator with two tables, each with a worker.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {

using nlohmann::json;
using std::chrono::seconds;

/// faculty is worked on, program goes on.
struct RunningWorld {
  RunningWorld() {
    folder.Write(
        "tables.toml",
        ConfigText(
            broker.servers(),
            "listen = \"\"\nrate_limit = \"20s\"\nidle_timeout = \"60s\"\n[defaults]\ncommit_interval = "
            "\"100ms\"\n[tables.faculty]\n[tables.program]\n"));
    producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
    Produce("faculty", 10);
    Produce("program", 1);
    REQUIRE(folder.Cdc("start").exit == 0);
    REQUIRE(Until([&] { return Has("faculty", 10) && Has("program", 1); }));
    worker = Of("program")["pid"];
    REQUIRE(worker > 0);
  }
  ~RunningWorld() { folder.Cdc("stop"); }

  void Produce(const std::string& table, int rows) {
    for (int i = 0; i < rows; ++i) {
      const int id = made[table]++;
      const json value = {{"op", "c"},
                          {"before", nullptr},
                          {"after", {{"id", id}, {"name", "n"}}},
                          {"source", {{"schema", "public"}, {"table", table}}}};
      REQUIRE(producer
                  ->Produce({.topic = "p.public." + table,
                             .partition = 0,
                             .key = json{{"id", id}}.dump(),
                             .value = value.dump()})
                  .has_value());
    }
    REQUIRE(producer->Flush(seconds(10)).has_value());
  }
  json Of(const std::string& table) const {
    const json list = json::parse(folder.Cdc("status --json").out, nullptr, false);
    for (const json& each : list) {
      if (each["table"] == table) return each;
    }
    return {{"state", "none"}};
  }
  std::string State(const std::string& table) const { return Of(table)["state"]; }
  /// It has that many rows, and a worker that is at the end.
  bool Has(const std::string& table, int rows) const {
    const json of = Of(table);
    return of["state"] == "Running" && of["live_rows"] == rows && of["lag"] == 0;
  }
  static bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  /// The other table commits, by the worker that it had from the beginning.
  void CheckOtherGoesOn() {
    Produce("program", 1);
    CHECK(Until([&] { return Has("program", made["program"]); }));
    CHECK(Of("program")["pid"] == worker);
  }
  /// The command does it, and the table is as it should be long before the rate limit is over.
  void Repair(const std::string& words, int rows) {
    INFO(words);
    const auto begin = std::chrono::steady_clock::now();
    const auto done = folder.Cdc(words);
    INFO(done.out << done.err);
    CHECK(done.exit == 0);
    CHECK(Until([&] { return Has("faculty", rows); }));
    CHECK(std::chrono::steady_clock::now() - begin < seconds(15));
    CheckOtherGoesOn();
  }

  BrokerProcess broker{"p.public.faculty:1,p.public.program:1"};
  Folder folder;
  std::unique_ptr<kafka::Producer> producer;
  std::map<std::string, int> made;
  int worker = 0;
};

}  // namespace cdc::cli
