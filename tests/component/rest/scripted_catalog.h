#pragma once

/// \file tests/component/rest/scripted_catalog.h
/// A catalog whose every answer, faults included, the test decides.

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "lib/rest/rest_catalog.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::rest {

using iceberg::LoadedTable;

inline constexpr const char* kSecret = "s3cret";

/// Moves when the catalog sleeps, or by hand.
class ManualClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(now_); }
  WallTime wall() const override { return WallTime(now_); }
  void Advance(Millis by) { now_ += by; }

 private:
  Millis now_{1'700'000'000'000};
};

inline nlohmann::json Metadata(const std::vector<int64_t>& snapshots) {
  nlohmann::json tree = nlohmann::json::parse(
      R"({"format-version":2,"table-uuid":"u","location":"s3://b/t","last-sequence-number":9,
      "last-updated-ms":3,"last-column-id":1,"schemas":[{"type":"struct","schema-id":0,"fields":[]}],
      "current-schema-id":0,"partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0})");
  nlohmann::json parent;
  for (const int64_t id : snapshots) {
    tree["snapshots"].push_back(
        {{"snapshot-id", id}, {"parent-snapshot-id", parent}, {"timestamp-ms", 1}, {"manifest-list", "/m"}});
    tree["current-snapshot-id"] = parent = id;
  }
  return tree;
}

inline nlohmann::json Reply(int status, const nlohmann::json& body,
                            const nlohmann::json& headers = nlohmann::json::object()) {
  return {{"status", status}, {"body", body.dump()}, {"headers", headers}};
}

inline nlohmann::json TableReply(const std::vector<int64_t>& snapshots,
                                 const nlohmann::json& config = nlohmann::json::object(),
                                 const nlohmann::json& credentials = nlohmann::json::array()) {
  return Reply(200, {{"metadata-location", "s3://b/t/m.json"},
                     {"metadata", Metadata(snapshots)},
                     {"config", config},
                     {"storage-credentials", credentials}});
}

inline nlohmann::json ErrorReply(int status, const std::string& type = "SomeException",
                                 const nlohmann::json& headers = nlohmann::json::object()) {
  return Reply(status, {{"error", {{"message", "why"}, {"type", type}, {"code", status}}}}, headers);
}

inline nlohmann::json TokenReply(const std::string& token, int seconds) {
  return Reply(200, {{"access_token", token}, {"token_type", "bearer"}, {"expires_in", seconds}});
}

inline nlohmann::json Config(const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json body = {{"defaults", nlohmann::json::object()}, {"overrides", nlohmann::json::object()}};
  body.update(more);
  return Reply(200, body);
}

/// Our client against a server that answers as told, on a clock that only sleeping moves.
struct ScriptedCatalog {
  ScriptedCatalog() {
    options.uri = server.url() + "/api";
    options.warehouse = "wh";
    options.retry_for = Millis(10'000);
    options.request_timeout = Millis(5'000);
    options.clock = &clock;
    options.sleep = [this](Millis pause) {
      pauses.push_back(pause);
      clock.Advance(pause);
    };
    options.random = [] { return 0.5; };
  }

  /// What the next requests get.
  void Queue(std::initializer_list<nlohmann::json> answers) {
    server.Answer(nlohmann::json::array_t(answers));
  }

  /// The server answers `first`, then GET /v1/config.
  void Open(std::initializer_list<nlohmann::json> first = {}, const nlohmann::json& config = Config()) {
    Queue(first);
    Queue({config});
    auto made = MakeRestCatalog(*client, options);
    REQUIRE(testing::Ok(made));
    catalog = std::move(*made);
    opening = server.Requests();
  }

  Error OpenError() {
    auto made = MakeRestCatalog(*client, options);
    REQUIRE_FALSE(made.has_value());
    CHECK(Describe(made.error()).find(kSecret) == std::string::npos);
    return made.error();
  }

  /// Loads a table whose newest snapshot is 1.
  void Load(const nlohmann::json& config = nlohmann::json::object(),
            const nlohmann::json& credentials = nlohmann::json::array()) {
    Queue({TableReply({1}, config, credentials)});
    auto loaded = catalog->LoadTable(ident);
    REQUIRE(testing::Ok(loaded));
    table = *loaded;
    (void)server.Requests();
  }

  Result<LoadedTable> Commit() {
    iceberg::Snapshot snapshot;
    snapshot.snapshot_id = 2;
    snapshot.parent_snapshot_id = 1;
    iceberg::TableCommit commit;
    commit.requirements = {iceberg::AssertTableUuid{"u"}, iceberg::AssertRefSnapshotId{"main", 1}};
    commit.updates = {iceberg::AddSnapshot{snapshot},
                      iceberg::SetSnapshotRef{"main", {2, "branch", {}, {}, {}}}};
    return catalog->CommitTable(table, commit);
  }

  ErrorKind CommitError() {
    const auto committed = Commit();
    REQUIRE_FALSE(committed.has_value());
    return committed.error().kind;
  }

  ScriptedServer server;
  std::unique_ptr<http::Client> client = std::move(http::Client::Make({}).value());
  ManualClock clock;
  std::vector<Millis> pauses;
  Options options;
  std::unique_ptr<RestCatalog> catalog;
  nlohmann::json opening;
  iceberg::TableIdent ident{"ns", "t"};
  LoadedTable table;
};

inline std::string Authorization(const nlohmann::json& request) {
  return request["headers"].value("authorization", "");
}

}  // namespace cdc::rest
