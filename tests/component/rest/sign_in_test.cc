#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "tests/component/rest/scripted_catalog.h"

namespace cdc::rest {
namespace {

using nlohmann::json;
using testing::Ok;

struct Fixture : ScriptedCatalog {
  Fixture() {
    options.credential = std::string("id:") + kSecret;
    options.scope = "PRINCIPAL_ROLE:ALL";
  }
};

TEST_CASE_METHOD(Fixture, "Signing in comes first, with a form, and its token goes with every call") {
  Open({TokenReply("one", 3600)});
  REQUIRE(opening.size() == 2);
  CHECK(opening[0]["method"] == "POST");
  CHECK(opening[0]["target"] == "/api/v1/oauth/tokens");
  CHECK(opening[0]["headers"]["content-type"] == "application/x-www-form-urlencoded");
  CHECK(opening[0]["body"] ==
        "grant_type=client_credentials&client_id=id&client_secret=s3cret&scope=PRINCIPAL_ROLE%3AALL");
  CHECK(Authorization(opening[0]).empty());
  CHECK(Authorization(opening[1]) == "Bearer one");
  Queue({TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  CHECK(Authorization(server.Requests()[0]) == "Bearer one");
}

TEST_CASE_METHOD(Fixture,
                 "The token server may be another one; the secret may come alone; scope has a default") {
  ScriptedServer other;
  other.Answer(json::array({TokenReply("one", 3600)}));
  options.oauth2_server_uri = other.url() + "/realm/token";
  options.credential = kSecret;
  options.scope = "";
  Open();
  CHECK(Authorization(opening[0]) == "Bearer one");
  const json seen = other.Requests();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0]["target"] == "/realm/token");
  CHECK(seen[0]["body"] == "grant_type=client_credentials&client_secret=s3cret&scope=catalog");
}

TEST_CASE_METHOD(Fixture,
                 "A token is replaced at three quarters of its life; when that fails it still serves") {
  Open({TokenReply("one", 100)});
  clock.Advance(Millis(74'000));
  Queue({TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  CHECK(server.Requests().size() == 1);
  clock.Advance(Millis(1'000));
  Queue({ErrorReply(400), TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  json seen = server.Requests();
  REQUIRE(seen.size() == 2);
  CHECK(Authorization(seen[1]) == "Bearer one");
  // Gone: now there must be another.
  clock.Advance(Millis(25'000));
  Queue({TokenReply("two", 100), TableReply({1})});
  CHECK(Ok(catalog->LoadTable(ident)));
  seen = server.Requests();
  CHECK(Authorization(seen[1]) == "Bearer two");
}

TEST_CASE_METHOD(Fixture,
                 "A commit that was refused for its token was not processed: it is sent again, once") {
  for (const int status : {401, 419}) {
    Open({TokenReply("one", 3600)});
    Load();
    Queue({ErrorReply(status), TokenReply("two", 3600), TableReply({1, 2})});
    CHECK(Ok(Commit()));
    const json seen = server.Requests();
    REQUIRE(seen.size() == 3);
    CHECK(Authorization(seen[0]) == "Bearer one");
    CHECK(Authorization(seen[2]) == "Bearer two");
    CHECK(seen[0]["body"] == seen[2]["body"]);
    Queue({ErrorReply(status), TokenReply("three", 3600), ErrorReply(status)});
    CHECK(CommitError() == ErrorKind::kInvalidConfig);
    CHECK(server.Requests().size() == 3);
  }
}

TEST_CASE_METHOD(Fixture, "A commit waits for no token server for ever, and was then not sent") {
  Open({TokenReply("one", 3600)});
  Load();
  clock.Advance(Millis(3'600'000));
  Queue({ErrorReply(429, "X", {{"Retry-After", "3600"}})});
  CHECK(CommitError() == ErrorKind::kTransient);
  CHECK(server.Requests().size() == 1);
}

TEST_CASE_METHOD(Fixture, "Refused credentials are a matter of configuration, and never shown") {
  Queue({Reply(401, {{"error", "invalid_client"}, {"error_description", "not s3cret"}})});
  const Error refused = OpenError();
  CHECK(refused.kind == ErrorKind::kInvalidConfig);
  CHECK(refused.message.find("invalid_client: not ***") != std::string::npos);
  CHECK(refused.hint.find("credential") != std::string::npos);
  Queue({Reply(200, {{"token_type", "bearer"}})});
  CHECK(OpenError().kind == ErrorKind::kInvalidConfig);
  Queue({ErrorReply(503), ErrorReply(503), TokenReply("one", 3600), Config()});
  CHECK(Ok(MakeRestCatalog(*client, options)));
}

TEST_CASE_METHOD(Fixture,
                 "Where the catalog is to give tokens and knows no such page, its address is doubted") {
  Queue({{{"status", 404}, {"body", "<html>no such page</html>"}}});
  Error error = OpenError();
  CHECK(error.kind == ErrorKind::kTransient);
  CHECK(error.hint.find("[catalog] uri") != std::string::npos);
  options.oauth2_server_uri = server.url() + "/realm/token";
  Queue({{{"status", 404}, {"body", "<html>no such page</html>"}}});
  error = OpenError();
  CHECK(error.hint.find("oauth2_server_uri") != std::string::npos);
  CHECK(error.hint.find("[catalog] uri") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "A token of the user's own is used as it is, and cannot be replaced") {
  options.token = "mine";
  Open();
  REQUIRE(opening.size() == 1);
  CHECK(Authorization(opening[0]) == "Bearer mine");
  Queue({ErrorReply(401)});
  CHECK(catalog->LoadTable(ident).error().kind == ErrorKind::kInvalidConfig);
  CHECK(server.Requests().size() == 1);
  options.token = "two\r\nlines: x";
  CHECK(OpenError().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE_METHOD(Fixture, "A table's own token is for that table, and gives way when it is refused") {
  Open({TokenReply("one", 3600)});
  Load({{"token", "table's"}});
  Queue({TableReply({1, 2}), TableReply({1}), ErrorReply(401), TableReply({1, 2, 3})});
  CHECK(Ok(Commit()));
  CHECK(Ok(catalog->LoadTable({"ns", "other"})));
  CHECK(Ok(Commit()));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 4);
  CHECK(Authorization(seen[0]) == "Bearer table's");
  CHECK(Authorization(seen[1]) == "Bearer one");
  CHECK(Authorization(seen[2]) == "Bearer table's");
  CHECK(Authorization(seen[3]) == "Bearer one");
}

TEST_CASE_METHOD(Fixture,
                 "A catalog that has forgotten all tokens, the table's and its own, is signed in to again") {
  Open({TokenReply("one", 3600)});
  Load({{"token", "table's"}});
  Queue({ErrorReply(401), ErrorReply(401), TokenReply("two", 3600), TableReply({1, 2})});
  CHECK(Ok(Commit()));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 4);
  CHECK(Authorization(seen[0]) == "Bearer table's");
  CHECK(Authorization(seen[1]) == "Bearer one");
  CHECK(Authorization(seen[3]) == "Bearer two");
  // Once: a server that refuses every token ends it.
  Load({{"token", "table's"}});
  Queue({ErrorReply(401), ErrorReply(401), TokenReply("three", 3600), ErrorReply(401)});
  CHECK(CommitError() == ErrorKind::kInvalidConfig);
  CHECK(server.Requests().size() == 4);
}

json Session(const std::string& id, int64_t expires_ms) {
  return {{"s3.access-key-id", id},
          {"s3.secret-access-key", kSecret},
          {"s3.session-token", id + "'s"},
          {"s3.session-token-expires-at-ms", std::to_string(expires_ms)}};
}

struct VendedFixture : ScriptedCatalog {
  VendedFixture() { options.vended_credentials = true; }
  int64_t In(int seconds) const { return UnixMillis(clock.wall()) + seconds * 1000; }
  std::string KeyFor(const std::string& path, bool rejected = false) {
    const auto found = catalog->StorageFor(ident, path, rejected);
    REQUIRE(Ok(found));
    return found->at("s3.access-key-id");
  }
};

constexpr const char* kFile = "s3://b/t/data/f.parquet";

TEST_CASE_METHOD(VendedFixture, "Credentials come with the table, and are asked for by a header") {
  Open({}, Config({{"overrides", {{"s3.endpoint", "http://store"}, {"client.region", "default"}}}}));
  Load({{"client.region", "eu"}, {"s3.access-key-id", "config"}},
       {{{"prefix", "s3://b/t"}, {"config", Session("deep", In(1000))}},
        {{"prefix", "s3://b"}, {"config", Session("shallow", In(1000))}}});
  CHECK(KeyFor(kFile) == "deep");
  CHECK(KeyFor("s3://b/other") == "shallow");
  CHECK(KeyFor("s3://elsewhere/x") == "config");
  CHECK(catalog->StorageFor(ident, kFile, false)->at("client.region") == "eu");
  CHECK(catalog->StorageFor(ident, kFile, false)->at("s3.endpoint") == "http://store");
  CHECK(server.Requests().empty());
  // Another table: loaded for it, but without its history.
  Queue({TableReply({1}, {{"s3.access-key-id", "other's"}})});
  CHECK(catalog->StorageFor({"ns", "other"}, kFile, false)->at("s3.access-key-id") == "other's");
  const json seen = server.Requests()[0];
  CHECK(seen["target"] == "/api/v1/namespaces/ns/tables/other?snapshots=refs");
  CHECK(seen["headers"]["x-iceberg-access-delegation"] == "vended-credentials");
}

TEST_CASE_METHOD(VendedFixture,
                 "They are replaced in the last quarter of their life, by the endpoint for it") {
  const json endpoints = {"GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials"};
  Open({}, Config({{"endpoints", endpoints}}));
  Load(json::object(), {{{"prefix", "s3://b"}, {"config", Session("one", In(1000))}}});
  clock.Advance(Millis(749'000));
  CHECK(KeyFor(kFile) == "one");
  CHECK(server.Requests().empty());
  clock.Advance(Millis(1'000));
  // It fails: what we have still serves, and for a while nobody asks again.
  Queue({ErrorReply(503)});
  CHECK(KeyFor(kFile) == "one");
  CHECK(KeyFor(kFile) == "one");
  CHECK(server.Requests().size() == 1);
  clock.Advance(Millis(30'000));
  Queue({Reply(200,
               {{"storage-credentials", {{{"prefix", "s3://b"}, {"config", Session("two", In(1000))}}}}})});
  CHECK(KeyFor(kFile) == "two");
  CHECK(KeyFor(kFile) == "two");
  const json seen = server.Requests();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0]["target"] == "/api/v1/namespaces/ns/tables/t/credentials");
}

TEST_CASE_METHOD(VendedFixture, "The table may name the endpoint; without any it is loaded again") {
  Open();
  const json expiring = {{{"prefix", "s3://b"}, {"config", Session("one", In(100))}}};
  Load({{"client.refresh-credentials-endpoint", "v1/x/creds"}}, expiring);
  clock.Advance(Millis(100'000));
  Queue(
      {Reply(200, {{"storage-credentials", {{{"prefix", "s3://b"}, {"config", Session("two", In(100))}}}}})});
  CHECK(KeyFor(kFile) == "two");
  CHECK(server.Requests()[0]["target"] == "/api/v1/x/creds");
  // It does not exist after all.
  clock.Advance(Millis(100'000));
  Queue({ErrorReply(404), TableReply({1}, Session("three", In(100)))});
  CHECK(KeyFor(kFile) == "three");
  CHECK(server.Requests()[1]["target"] == "/api/v1/namespaces/ns/tables/t?snapshots=refs");
  clock.Advance(Millis(100'000));
  Queue({TableReply({1}, Session("four", In(100)))});
  CHECK(KeyFor(kFile) == "four");
}

TEST_CASE_METHOD(
    VendedFixture,
    "What the store has refused is replaced at once; at the end of their life there is no way around") {
  Open();
  Load(Session("one", In(1000)));
  clock.Advance(Millis(10'000));
  Queue({TableReply({1}, Session("two", In(1000)))});
  CHECK(KeyFor(kFile, true) == "two");
  // Another thread was refused with "one" at the same moment.
  CHECK(KeyFor(kFile, true) == "two");
  CHECK(server.Requests().size() == 1);
  clock.Advance(Millis(1'000'000));
  Queue({ErrorReply(404)});
  CHECK(catalog->StorageFor(ident, kFile, false).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_METHOD(VendedFixture, "Many threads at once cause one question") {
  Open();
  Queue({TableReply({1}, Session("one", In(1000)))});
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto found = catalog->StorageFor(ident, kFile, false);
      if (found && found->at("s3.access-key-id") == "one") ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(server.Requests().size() == 1);
}

}  // namespace
}  // namespace cdc::rest
