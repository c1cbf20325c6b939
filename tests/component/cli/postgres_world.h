#pragma once

/// \file tests/component/cli/postgres_world.h
/// A table of two partitions that a worker writes into a real PostgreSQL, and `cdc` beside it.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"
#include "tests/component/postgres/postgres_server.h"
#include "tests/component/worker/change.h"

namespace cdc::cli {

struct World {
  /// \param settings lines under [tables.faculty] \param more further sections
  /// \param source the source's tables, in the same server; none: tables.toml does not know where they are
  explicit World(const std::string& settings = "", const std::string& more = "",
                 const std::string& source = "") {
    if (!source.empty()) server.Sql(source);
    text = fmt::format(R"(
[kafka]
bootstrap_servers = "{}"
[source]
topic_prefix = "university-server"
{}
[sinks.target]
type = "postgres"
dsn = "{}"
schema = "copy"
[defaults]
metadata_columns = []
[tables.faculty]
sink = "target"
{}
{}
)",
                       broker.servers(), source.empty() ? "" : "dsn = \"" + server.dsn() + "\"", server.dsn(),
                       settings, more);
    WriteConfig("state");
  }

  void WriteConfig(const std::string& state, const std::string& name = "tables.toml") const {
    folder.Write(name, text + "[orchestrator]\nstate_dir = \"" + state + "\"\n");
  }

  void Send(const std::vector<worker::Event>& events, int32_t partition = 0) {
    const std::string topic = changes.topic();
    for (const worker::Event& event : events) {
      kafka::Record record;
      record.topic = topic;
      record.partition = partition;
      if (event.key) record.key = *event.key;
      if (event.value) record.value = *event.value;
      REQUIRE(producer->Produce(record).has_value());
    }
    REQUIRE(producer->Flush(std::chrono::seconds(10)).has_value());
  }

  /// Runs the table's worker. \return its exit code
  int Work(const std::string& words = "--drain", const std::string& config = "tables.toml") const {
    const std::string command =
        fmt::format("cd {} && exec {}/jobs/upsert --config {} --table faculty {} >run.out 2>run.err",
                    folder.path().string(), CDC_BINARY_DIR, config, words);
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Drain() const {
    const int exit = Work();
    INFO(folder.Read("run.err"));
    REQUIRE(exit == 0);
  }

  /// "1:a, 2:b": id and n of the target's rows.
  std::string Rows() {
    return server.Ask(
        "SELECT coalesce(string_agg(id || ':' || n, ', ' ORDER BY id), 'none') FROM copy.faculty");
  }
  std::string Offsets() { return Column("offsets"); }
  std::string Column(const std::string& name) {
    return server.Ask("SELECT " + name +
                      " FROM copy.cdc_offsets WHERE pipeline = 'cdc-orchestrator.faculty'");
  }
  bool IsThere(const std::string& table) {
    return server.Ask("SELECT to_regclass('" + table + "') IS NOT NULL") == "t";
  }
  /// Three rows, in partitions 0 (ids 1 and 3) and 1 (id 2).
  void Fill() {
    Send({changes.Create({{"id", 1}, {"n", 10}})});
    Send({changes.Create({{"id", 2}, {"n", 20}})}, 1);
    Send({changes.Create({{"id", 3}, {"n", 30}})});
    Drain();
    REQUIRE(Rows() == "1:10, 2:20, 3:30");
  }

  postgres::Server server;
  worker::Changes changes{"faculty"};
  BrokerProcess broker{changes.topic() + ":2"};
  std::unique_ptr<kafka::Producer> producer =
      std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
  Folder folder;
  std::string text;
};

}  // namespace cdc::cli
