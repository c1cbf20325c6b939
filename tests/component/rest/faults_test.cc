#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/component/rest/scripted_catalog.h"

namespace cdc::rest {
namespace {

using nlohmann::json;
using testing::Ok;
using Fixture = ScriptedCatalog;

TEST_CASE_METHOD(Fixture, "Opening asks for the warehouse, and follows what the server says") {
  Open({}, Config({{"overrides", {{"prefix", "p"}, {"header.X-Realm", "r"}}}}));
  CHECK(opening.size() == 1);
  CHECK(opening[0]["target"] == "/api/v1/config?warehouse=wh");
  CHECK(Authorization(opening[0]).empty());
  Queue({TableReply({1})});
  const auto loaded = catalog->LoadTable({"a.b", "t"});
  REQUIRE(Ok(loaded));
  CHECK(loaded->metadata->current_snapshot_id == 1);
  CHECK(loaded->metadata_location == "s3://b/t/m.json");
  const json seen = server.Requests()[0];
  CHECK(seen["method"] == "GET");
  CHECK(seen["target"] == "/api/v1/p/namespaces/a%1Fb/tables/t?snapshots=all");
  CHECK(seen["headers"]["x-realm"] == "r");
  CHECK_FALSE(seen["headers"].contains("x-iceberg-access-delegation"));
}

TEST_CASE_METHOD(Fixture, "A wrong address or warehouse is a matter of configuration") {
  Queue({ErrorReply(404, "NotFoundException")});
  CHECK(OpenError().kind == ErrorKind::kInvalidConfig);
  options.uri =
      fmt::format("http://id:{}@127.0.0.1:{}/api", kSecret, server.port());  // OpenError looks for it
  Queue({{{"status", 200}, {"body", "<html>"}}});
  CHECK(OpenError().kind == ErrorKind::kInvalidConfig);
  Queue({{{"status", 301}, {"headers", {{"Location", "https://elsewhere"}}}}});
  const Error moved = OpenError();
  CHECK(moved.kind == ErrorKind::kInvalidConfig);
  CHECK(moved.hint.find("[catalog] uri") != std::string::npos);
}

TEST_CASE_METHOD(Fixture,
                 "A proxy's 404 while the catalog behind it restarts is an outage, whatever was asked") {
  const json page = {{"status", 404}, {"body", "<html>404 page not found</html>"}};
  Queue({page});
  const Error refused = OpenError();
  CHECK(refused.kind == ErrorKind::kTransient);
  CHECK(refused.hint.find("[catalog] uri") != std::string::npos);  // it may be a wrong address after all
  options.credential = std::string("id:") + kSecret;
  Queue({page});
  CHECK(OpenError().kind == ErrorKind::kTransient);
  options.credential.clear();

  Open();
  Load();
  for (const json& body : {json("<html>"), json(R"({"error":{"code":503,"message":"no backend"}})"),
                           json(R"({"error":{"message":"no backend"}})"), json(R"({"error":"Not Found"})")}) {
    const json answer = {{"status", 404}, {"body", body}};
    Queue({answer, answer, answer});
    CHECK(catalog->EnsureNamespace("ns").error().kind == ErrorKind::kTransient);
    CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kTransient);
    CHECK(CommitError() == ErrorKind::kTransient);
  }
}

TEST_CASE_METHOD(Fixture, "What a catalog without types in its errors says is not there can be made") {
  const json absent = Reply(404, {{"error", {{"code", 404}, {"message", "no such thing"}}}});
  Open();
  Queue({absent, Reply(200, json::object())});
  CHECK(Ok(catalog->EnsureNamespace("ns")));
  Queue({absent, TableReply({})});
  CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kNotFound);
  CHECK(Ok(catalog->CreateTable(ident, {}, "", {})));
  // Nothing is built on it where something was to be changed.
  Load();
  Queue({absent});
  CHECK(CommitError() == ErrorKind::kTransient);
}

TEST_CASE_METHOD(Fixture, "A catalog that cannot be reached is tried for retry_for, with growing pauses") {
  options.uri = "http://127.0.0.1:1/";
  const Error error = OpenError();
  CHECK(error.kind == ErrorKind::kTransient);
  CHECK(error.hint.find("[catalog] uri") != std::string::npos);
  REQUIRE(pauses.size() >= 4);
  CHECK(pauses[0] == Millis(150));  // 200 ms, three quarters at a random number of 0.5
  CHECK(pauses[1] == Millis(300));
  Millis total{0};
  for (const Millis pause : pauses) total += pause;
  CHECK(total <= options.retry_for);
  CHECK(total > options.retry_for / 2);
}

TEST_CASE_METHOD(Fixture, "Reads are repeated after anything that may pass") {
  Open();
  Queue({ErrorReply(503),
         {{"fault", "close"}},
         {{"fault", "cut"}, {"body", "{\"metadata\":"}},
         {{"status", 502}},
         ErrorReply(429),
         TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  CHECK(server.Requests().size() == 6);
  Queue({ErrorReply(404, "NoSuchTableException")});
  CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kNotFound);
  Queue({{{"status", 404}, {"body", "<html>"}}});
  CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kTransient);
  Queue({{{"status", 200}, {"body", "<html>"}}});
  CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kTransient);
}

TEST_CASE_METHOD(Fixture, "A commit's answer is the table as it is now: nothing is loaded again") {
  Open();
  Load();
  Queue({TableReply({1, 2})});
  const auto committed = Commit();
  REQUIRE(Ok(committed));
  CHECK(committed->metadata->current_snapshot_id == 2);
  CHECK(committed->metadata->snapshots[0] == table.metadata->snapshots[0]);
  const json seen = server.Requests();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0]["method"] == "POST");
  CHECK(seen[0]["target"] == "/api/v1/namespaces/ns/tables/t");
  CHECK(seen[0]["headers"]["content-type"] == "application/json");
  CHECK_FALSE(seen[0]["headers"].contains("idempotency-key"));
  const json body = json::parse(seen[0]["body"].get<std::string>());
  CHECK(body["requirements"].size() == 2);
  CHECK(body["updates"][0]["action"] == "add-snapshot");
  CHECK(body["updates"][1]["action"] == "set-snapshot-ref");
}

TEST_CASE_METHOD(Fixture, "A commit is sent once when it may have arrived, and is then unknown") {
  Open();
  Load();
  for (const int status : {500, 502, 503, 504, 408}) {
    Queue({ErrorReply(status, "X", {{"Retry-After", "1"}})});
    CHECK(CommitError() == ErrorKind::kCommitUnknown);
  }
  for (const json& lost : {json{{"fault", "close"}}, json{{"fault", "cut"}, {"body", "{\"metadata\":{}}"}},
                           json{{"status", 200}, {"body", "<html>"}}, json{{"status", 200}}}) {
    Queue({lost});
    CHECK(CommitError() == ErrorKind::kCommitUnknown);
  }
  options.request_timeout = Millis(200);
  Open();
  Queue({{{"fault", "hang"}}});
  CHECK(CommitError() == ErrorKind::kCommitUnknown);
  CHECK(server.Requests().size() == 1);
  CHECK(pauses.empty());
}

TEST_CASE_METHOD(Fixture, "A conflict is an answer, even if it is not true: the table's history tells") {
  Open();
  Load();
  // Polaris: committed, its database's answer lost, tried again, refused by itself.
  Queue({ErrorReply(409, "CommitFailedException"), TableReply({1, 2})});
  CHECK(CommitError() == ErrorKind::kConflict);
  const auto now = catalog->LoadTable(ident);
  REQUIRE(Ok(now));
  CHECK(now->metadata->HistoryContains(2));
}

TEST_CASE_METHOD(Fixture, "Too many requests: the commit waits as long as it is told, within the limit") {
  Open();
  Load();
  Queue({ErrorReply(429, "X", {{"Retry-After", "7"}}), TableReply({1, 2})});
  CHECK(Ok(Commit()));
  CHECK(pauses == std::vector<Millis>{Millis(7'000)});
  Queue({ErrorReply(429, "X", {{"Retry-After", "3600"}})});
  CHECK(CommitError() == ErrorKind::kTransient);
}

TEST_CASE_METHOD(Fixture, "A server that wants no pause gets ours all the same: it is not hammered") {
  Open();
  const json busy = ErrorReply(503, "X", {{"Retry-After", "0"}});
  Queue({busy, busy, busy, TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  CHECK(pauses == std::vector<Millis>{Millis(150), Millis(300), Millis(600)});
}

TEST_CASE_METHOD(Fixture, "With a key that the server keeps, the same commit is sent again") {
  Open({}, Config({{"idempotency-key-lifetime", "PT5M"}}));
  Load();
  Queue({{{"fault", "close"}}, ErrorReply(503), TableReply({1, 2}), TableReply({1, 2})});
  CHECK(Ok(Commit()));
  CHECK(Ok(Commit()));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 4);
  const auto key = [&](int i) {
    return seen[static_cast<size_t>(i)]["headers"].value("idempotency-key", "");
  };
  CHECK(key(0).size() == 36);
  CHECK(key(0)[14] == '7');
  CHECK(key(0) == key(1));
  CHECK(key(0) == key(2));
  CHECK(key(0) != key(3));

  // Once in doubt, what is refused later says nothing about the first time.
  Queue({{{"fault", "close"}}, ErrorReply(403)});
  CHECK(CommitError() == ErrorKind::kCommitUnknown);
  Queue({{{"fault", "close"}}, ErrorReply(409)});
  CHECK(CommitError() == ErrorKind::kConflict);
}

TEST_CASE_METHOD(Fixture, "A key that lasts shorter than our patience is no reason to send again") {
  Open({}, Config({{"idempotency-key-lifetime", "PT10S"}}));
  Load();
  Queue({{{"fault", "close"}}, TableReply({1, 2})});
  CHECK(CommitError() == ErrorKind::kCommitUnknown);
  CHECK(server.Requests().size() == 1);
}

TEST_CASE_METHOD(Fixture, "A namespace is looked for, then made; somebody else may have done so") {
  Open();
  Queue({Reply(200, json::object())});
  CHECK(Ok(catalog->EnsureNamespace("a")));
  Queue({ErrorReply(404), ErrorReply(404), ErrorReply(503), ErrorReply(409), Reply(200, json::object())});
  CHECK(Ok(catalog->EnsureNamespace("a.b")));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 6);
  CHECK(seen[1]["target"] == "/api/v1/namespaces/a%1Fb");
  CHECK(seen[2]["target"] == "/api/v1/namespaces/a");
  CHECK(seen[5]["method"] == "POST");
  CHECK(json::parse(seen[5]["body"].get<std::string>())["namespace"] == json({"a", "b"}));
  Queue({ErrorReply(403)});
  CHECK(catalog->EnsureNamespace("a").error().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE_METHOD(Fixture, "A new table goes below the given folder; one that may be there is in doubt") {
  options.table_root = "s3://b/root/";
  options.vended_credentials = true;
  Open();
  Queue({TableReply({})});
  CHECK(Ok(catalog->CreateTable(ident, {}, "", {{"k", "v"}})));
  const json seen = server.Requests()[0];
  CHECK(seen["headers"]["x-iceberg-access-delegation"] == "vended-credentials");
  const json body = json::parse(seen["body"].get<std::string>());
  CHECK(body["location"].get<std::string>().starts_with("s3://b/root/ns/t-"));
  CHECK(body["properties"]["k"] == "v");
  Queue({{{"fault", "close"}}});
  CHECK(catalog->CreateTable(ident, {}, "", {}).error().kind == ErrorKind::kCommitUnknown);
  Queue({ErrorReply(409, "AlreadyExistsException"), ErrorReply(404, "NoSuchViewException")});
  CHECK(catalog->CreateTable(ident, {}, "", {}).error().kind == ErrorKind::kConflict);
  CHECK(server.Requests().back()["target"] == "/api/v1/namespaces/ns/views/t");
}

TEST_CASE_METHOD(Fixture, "A view that has the table's name is told") {
  Open();
  Queue({ErrorReply(409, "AlreadyExistsException"), {{"status", 204}}});
  const auto made = catalog->CreateTable(ident, {}, "", {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().kind == ErrorKind::kUnsupported);
  CHECK(made.error().message.find("a view of that name") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "Dropping forgets the table and purges nothing") {
  Open();
  // A DELETE whose kept connection ends is sent once more on a new one: it does the same twice.
  Queue({{{"status", 204}}, {{"fault", "close"}}, {{"fault", "close"}}, ErrorReply(404)});
  CHECK(Ok(catalog->DropTable(ident)));
  CHECK(catalog->DropTable(ident).error().kind == ErrorKind::kCommitUnknown);
  CHECK(catalog->DropTable(ident).error().kind == ErrorKind::kNotFound);
  CHECK(server.Requests()[0]["target"] == "/api/v1/namespaces/ns/tables/t?purgeRequested=false");
}

}  // namespace
}  // namespace cdc::rest
