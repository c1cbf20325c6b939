#pragma once

/// \file tests/component/worker/change.h
/// Debezium events of a table `public.<table>` with the key column "id", made by hand.

#include <nlohmann/json.hpp>
#include <string>

#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

inline constexpr const char* kUnchangedToast = "__debezium_unavailable_value";

/// Events without an embedded schema, in the order they are made. Row objects hold "id".
class Changes {
 public:
  explicit Changes(std::string table) : table_(std::move(table)) {}

  std::string topic() const { return "university-server.public." + table_; }

  Event Create(const nlohmann::json& row) { return Of("c", row); }
  Event Read(const nlohmann::json& row) { return Of("r", row); }
  Event Update(const nlohmann::json& row) { return Of("u", row); }
  Event Delete(const nlohmann::json& id) { return {Key(id), Value("d", {{"id", id}}, nullptr), {}}; }
  Event Tombstone(const nlohmann::json& id) { return {Key(id), std::nullopt, {}}; }
  Event Truncate() { return {std::nullopt, Value("t", nullptr, nullptr), {}}; }
  /// A change of the key, as Debezium sends it: the old row's delete, its tombstone, the new row.
  std::vector<Event> Move(const nlohmann::json& from, const nlohmann::json& row) {
    const std::vector<std::pair<std::string, std::string>> to_new = {{"__debezium.newkey", Key(row["id"])}};
    Event removal = Delete(from), tombstone = Tombstone(from), row_event = Create(row);
    removal.headers = tombstone.headers = to_new;
    row_event.headers = {{"__debezium.oldkey", Key(from)}};
    return {removal, tombstone, row_event};
  }

  static std::string Key(const nlohmann::json& id) { return nlohmann::json{{"id", id}}.dump(); }

 private:
  Event Of(const char* op, const nlohmann::json& row) {
    return {Key(row["id"]), Value(op, nullptr, row), {}};
  }
  std::string Value(const char* op, const nlohmann::json& before, const nlohmann::json& after) {
    ++lsn_;
    return nlohmann::json{
        {"before", before},
        {"after", after},
        {"source", {{"schema", "public"}, {"table", table_}, {"lsn", lsn_}, {"ts_ms", 1700000000000 + lsn_}}},
        {"op", op}}
        .dump();
  }

  std::string table_;
  int64_t lsn_ = 0;
};

}  // namespace cdc::worker
