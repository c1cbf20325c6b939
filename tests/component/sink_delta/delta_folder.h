#pragma once

/// \file tests/component/sink_delta/delta_folder.h
/// A worker's table in a Delta folder, fed by a broker in this process, and read by others' programs.

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/component/worker/change.h"
#include "tests/component/worker/pipeline.h"
#include "tests/support/python_script.h"

namespace cdc::delta_sink {

using worker::Event;

struct DeltaFolder {
  /// \param table lines of TOML under [tables.<name>]
  explicit DeltaFolder(const std::string& name, const std::string& table = "", bool feed = true)
      : changes(name), table_name(name) {
    Configure(std::string(feed ? "change_data_feed = true\n" : "") + table);
    pipeline.MakeTopic(changes.topic());
  }

  void Configure(const std::string& table) {
    pipeline.Configure(
        fmt::format("[sinks.delta]\ntype = \"delta\"\npath = \"data/delta\"\n"
                    "[tables.\"{}\"]\nsink = \"delta\"\nmetadata_columns = []\n{}\n",
                    table_name, table));
  }

  std::filesystem::path root() const { return pipeline.folder() / "data" / "delta" / table_name; }
  void Send(const std::vector<Event>& events) { pipeline.Send(changes.topic(), events); }

  /// Runs a worker up to the topic's end; it must succeed.
  contract::Report Drain() {
    const worker::Ended ended = pipeline.Drain(table_name);
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
    return ended.report;
  }
  /// The same for one that must not.
  worker::Ended Fail() {
    worker::Ended ended = pipeline.Drain(table_name);
    INFO(ended.log);
    REQUIRE(ended.exit != 0);
    return ended;
  }

  /// The table's rows, as delta-rs and DuckDB both read them, by id.
  std::map<int64_t, nlohmann::json> RowsById() const {
    std::map<int64_t, nlohmann::json> rows;
    for (const nlohmann::json& row : AskPython("tests/support/delta_reader.py", {"rows", root().string()})) {
      if (!rows.emplace(row["id"], row).second) FAIL_CHECK("twice in the table: " << row.dump());
    }
    return rows;
  }
  /// The feed leads from version to version to the table of each; otherwise this fails the test.
  nlohmann::json CheckFeed() const {
    return AskPython("tests/support/delta_reader.py", {"feed", root().string()});
  }
  /// [[type, row], …] of one version.
  nlohmann::json ChangesOf(int64_t version) const {
    return AskPython("tests/support/delta_reader.py", {"changes", root().string(), std::to_string(version)});
  }

  worker::Pipeline pipeline;
  worker::Changes changes;
  std::string table_name;
};

inline std::vector<Event> Part(const std::vector<Event>& events, size_t from, size_t to) {
  return {events.begin() + static_cast<std::ptrdiff_t>(from),
          events.begin() + static_cast<std::ptrdiff_t>(to)};
}

inline uint32_t Seed() {
  // CDC_TEST_SEED=n gives another stream and other moments.
  const char* wanted = std::getenv("CDC_TEST_SEED");
  return wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)) : 20261130;
}

}  // namespace cdc::delta_sink
