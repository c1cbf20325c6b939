#pragma once

/// \file tests/component/sink_postgres/target.h
/// A worker's table in a real PostgreSQL, fed by a broker in this process.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/component/postgres/postgres_server.h"
#include "tests/component/worker/change.h"
#include "tests/component/worker/pipeline.h"

namespace cdc::postgres_sink {

struct Target {
  /// \param table lines of TOML under [tables.<name>] \param dsn of the target; empty: the server's
  explicit Target(const std::string& name, const std::string& table = "", const std::string& dsn = "")
      : changes(name), table_name(name) {
    Configure(table, dsn);
    pipeline.MakeTopic(changes.topic());
  }

  void Configure(const std::string& table, const std::string& dsn = "") {
    pipeline.Configure(fmt::format("[sinks.target]\ntype = \"postgres\"\ndsn = \"{}\"\nschema = \"copy\"\n"
                                   "[tables.\"{}\"]\nsink = \"target\"\nmetadata_columns = []\n{}\n",
                                   dsn.empty() ? server.dsn() : dsn, table_name, table));
  }

  void Send(const std::vector<worker::Event>& events) { pipeline.Send(changes.topic(), events); }

  /// Runs a worker up to the topic's end; it must succeed.
  contract::Report Drain() {
    const worker::Ended ended = pipeline.Drain(table_name);
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
    return ended.report;
  }

  /// The target's rows as JSON objects, ordered by id.
  nlohmann::json Rows() {
    return nlohmann::json::parse(server.Ask(
        fmt::format("SELECT coalesce(json_agg(t), '[]') FROM (SELECT * FROM copy.\"{}\" ORDER BY id) t",
                    table_name)));
  }
  std::map<int64_t, nlohmann::json> RowsById() {
    std::map<int64_t, nlohmann::json> rows;
    for (const nlohmann::json& row : Rows()) {
      if (!rows.emplace(row["id"], row).second) FAIL_CHECK("twice in the table: " << row.dump());
    }
    return rows;
  }

  postgres::Server server;
  worker::Pipeline pipeline;
  worker::Changes changes;
  std::string table_name;
};

}  // namespace cdc::postgres_sink
