#pragma once

/// \file tests/component/worker/typed_event.h
/// Events that bring their schema along, and what a table holds of them.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

using nlohmann::json;

/// Rows of a table as Dump() prints it, by "id".
inline std::map<int64_t, json> RowsById(const json& table) {
  std::map<int64_t, json> rows;
  for (json row : table["rows"]) {
    row.erase("ingestion_time");
    if (!rows.emplace(row["id"], row).second) FAIL_CHECK("twice: " << row.dump());
  }
  return rows;
}

/// An event with an embedded schema: columns and their Connect types, in order; `row` may be null.
struct Typed {
  std::string table;
  std::vector<std::pair<std::string, std::string>> columns;

  Event Of(const char* op, const json& row) const {
    json fields = json::array();
    for (const auto& [name, type] : columns)
      fields.push_back({{"field", name}, {"type", type}, {"optional", name != "id"}});
    const json image = {{"type", "struct"}, {"fields", fields}, {"optional", true}};
    json before = image, after = image;
    before["field"] = "before";
    after["field"] = "after";
    const json schema = {{"type", "struct"},
                         {"fields", {before, after, {{"field", "op"}, {"type", "string"}}}},
                         {"optional", false},
                         {"name", table + ".Envelope"}};
    const json source = {{"schema", "public"}, {"table", table}, {"lsn", 1}, {"ts_ms", 1700000000000}};
    const json payload = {{"before", nullptr}, {"after", row}, {"source", source}, {"op", op}};
    const json key_schema = {
        {"type", "struct"},
        {"fields", {{{"field", "id"}, {"type", columns[0].second}, {"optional", false}}}},
        {"optional", false}};
    return {nlohmann::ordered_json{{"schema", key_schema}, {"payload", {{"id", row["id"]}}}}.dump(),
            nlohmann::ordered_json{{"schema", schema}, {"payload", payload}}.dump(),
            {}};
  }
};

}  // namespace cdc::worker
