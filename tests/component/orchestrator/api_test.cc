/// /api/v1 and Flink's paths of the program itself, and who listens to its events.

#include <nlohmann/json.hpp>

#include "orchestrator/event_desk.h"
#include "orchestrator/http_server.h"
#include "tests/component/orchestrator/http_client.h"
#include "tests/support/schema_check.h"

namespace cdc::orchestrator {
namespace {

using Bench = OrchestratorBench;
using nlohmann::json;

std::string Body(const std::string& path) {
  const std::string answer = Get(path);
  const size_t begin = answer.find("\r\n\r\n");
  return begin == std::string::npos ? "" : answer.substr(begin + 4);
}

/// Of the answer, by the definition of docs/api.schema.json; empty: none.
std::string Flaw(const char* definition, const std::string& path) {
  std::ifstream in(CDC_SOURCE_DIR "/docs/api.schema.json");
  const json schema = json::parse(in);
  const json answer = json::parse(Body(path), nullptr, false);
  if (answer.is_discarded()) return "no JSON: " + Get(path);
  return testing::SchemaFlaw(schema, schema.at("$defs").at(definition), answer);
}

bool Has(const std::string& path, const std::string& text) {
  return Body(path).find(text) != std::string::npos;
}

std::unique_ptr<Socket> Listener() {
  auto socket = std::make_unique<Socket>();
  socket->Send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return socket;
}

}  // namespace

TEST_CASE("the API and Flink's paths tell a table's life as they promise") {
  Bench t("[tables.a]\n[tables.b]\njob = \"exit78\"\n[tables.c]\n",
          "rate_limit = \"0s\"\nidle_timeout = \"300ms\"\n");
  t.Produce("a");
  t.Produce("b");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(t.UntilState("a", "Idle"));
  REQUIRE(t.UntilState("b", "Held"));
  CHECK(Bench::Until([] { return Has("/api/v1/tables/a/runs", "\"exit\":\"0\""); }));
  CHECK(Flaw("status", "/api/v1/status") == "");
  CHECK(Flaw("tables", "/api/v1/tables") == "");
  CHECK(Flaw("one_table", "/api/v1/tables/a") == "");
  CHECK(Flaw("runs", "/api/v1/tables/a/runs") == "");
  CHECK(Flaw("dead_letters", "/api/v1/dead-letters") == "");
  CHECK(Flaw("jobs", "/jobs/overview") == "");
  CHECK(Flaw("cluster", "/overview") == "");
  CHECK(Flaw("error", "/api/v1/tables/none") == "");
  CHECK(json::parse(Body("/api/v1/tables/a"))["table"]["rows"] == 1);
  CHECK(json::parse(Body("/api/v1/tables?state=Held"))["matched"] == 1);
  CHECK(json::parse(Body("/api/v1/status"))["reasons"][0]["code"] == "held");
  CHECK(json::parse(Body("/api/v1/tables/b/runs"))["runs"][0]["exit"] == "78");
  const json jobs = json::parse(Body("/jobs/overview"))["jobs"];
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0]["state"] == "RUNNING");
  CHECK(jobs[0]["cdc-state"] == "Idle");
  CHECK(jobs[1]["state"] == "FAILED");
  CHECK(Flaw("job", "/jobs/" + jobs[1]["jid"].get<std::string>()) == "");
  CHECK(Get("/api/v1/tables?limit=x").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("the API tells what else is known of a table, its source and its errors") {
  Bench t("[tables.a]\n[tables.b]\njob = \"exit78\"\n", "rate_limit = \"0s\"\nidle_timeout = \"300ms\"\n");
  t.Produce("a");
  t.Produce("b");
  t.Produce("unlisted");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(t.UntilState("a", "Idle"));
  REQUIRE(t.UntilState("b", "Held"));
  const json a = json::parse(Body("/api/v1/tables/a"));
  CHECK(Flaw("one_table", "/api/v1/tables/a") == "");
  CHECK(a["detail"]["topic"] == "p.public.a");
  CHECK(a["detail"]["partitions"][0]["next"] == 1);
  CHECK(a["detail"]["partitions"][0]["end"] == 1);
  CHECK(a["detail"]["states"].back()["state"] == "Idle");
  CHECK(a["detail"]["states"].back()["at_ms"] == a["table"]["state_since_ms"]);
  CHECK(Flaw("history", "/api/v1/history") == "");
  CHECK(Flaw("history", "/api/v1/tables/a/history") == "");
  CHECK(Bench::Until([] { return json::parse(Body("/api/v1/tables/a/history"))["lag"].size() >= 2; }));
  CHECK(Flaw("log", "/api/v1/tables/a/log") == "");
  CHECK(Flaw("letters", "/api/v1/tables/a/dead-letters") == "");
  CHECK(Bench::Until([] { return Has("/api/v1/errors", "\"code\":\"held\""); }));
  CHECK(Has("/api/v1/errors", "\"code\":\"run\",\"table\":\"b\""));
  CHECK(Flaw("errors", "/api/v1/errors") == "");
  CHECK(Bench::Until([] { return Has("/api/v1/source", "\"line\":\"[tables.unlisted]\""); }));
  CHECK(Flaw("source", "/api/v1/source") == "");
}

TEST_CASE("an action over HTTP does what the command does, and only with the token") {
  Bench t("[tables.a]\n", "rate_limit = \"0s\"\nidle_timeout = \"60s\"\nactions = true\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilState("a", "Running"));
  const auto post = [](const std::string& action, const std::string& headers) {
    return Ask("POST /api/v1/tables/a/actions/" + action +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
  };
  std::string token = t.Read(t.layout.api_token());
  REQUIRE(token.size() == 33);
  token.pop_back();
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  CHECK(post("pause", "").starts_with("HTTP/1.1 401 "));
  CHECK(post("pause", bearer + "Origin: http://evil.example\r\n").starts_with("HTTP/1.1 403 "));
  CHECK(post("pause", bearer + "Content-Length: 3\r\n\r\nabc").starts_with("HTTP/1.1 413 "));
  CHECK(Get("/api/v1/tables/a/actions/pause").starts_with("HTTP/1.1 405 "));
  CHECK(t.Record("a").state == "Running");
  CHECK(post("pause", bearer + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n")
            .starts_with("HTTP/1.1 200 "));
  CHECK(t.UntilState("a", "Paused"));
  CHECK(t.Record("a").paused);
  CHECK(post("start", bearer).starts_with("HTTP/1.1 409 "));
  CHECK(post("resume", bearer).starts_with("HTTP/1.1 200 "));
  CHECK(t.UntilState("a", "Running"));
  CHECK(Has("/api/v1/status", "\"actions\":true"));
}

TEST_CASE("without the setting there is no token, and no action") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(t.UntilState("a", "Idle"));
  CHECK_FALSE(fs::exists(t.layout.api_token()));
  CHECK(Ask("POST /api/v1/tables/a/actions/pause HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            "Authorization: Bearer \r\n\r\n")
            .starts_with("HTTP/1.1 403 "));
  CHECK(Has("/api/v1/status", "\"actions\":false"));
}

TEST_CASE("the page and its files are served with an ETag, compressed where the client can read that") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(t.UntilState("a", "Idle"));
  CHECK(Get("/").find("<!doctype html>") != std::string::npos);
  const auto get = [](const std::string& headers) {
    return Ask("GET /page/main.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
  };
  const std::string plain = get("");
  CHECK(plain.find("Content-Encoding") == std::string::npos);
  CHECK(plain.find("\r\n\r\n//") != std::string::npos);
  const std::string gzip = get("Accept-Encoding: br, gzip\r\n");
  CHECK(gzip.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos);
  CHECK(gzip.find("\r\n\r\n\x1f\x8b") != std::string::npos);
  const size_t at = gzip.find("ETag: ") + 6;
  const std::string tag = gzip.substr(at, gzip.find("\r\n", at) - at);
  CHECK(get("Accept-Encoding: gzip\r\nIf-None-Match: " + tag + "\r\n").starts_with("HTTP/1.1 304 "));
  CHECK(get("If-None-Match: \"other\"\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("events tell a change to whoever listens, and a listener that leaves makes room") {
  Bench t("[tables.a]\n", "rate_limit = \"0s\"\nidle_timeout = \"60s\"\n");
  t.Start();
  REQUIRE(t.UntilState("a", "Idle"));
  const auto first = Listener();
  const std::string head = first->Receive("event: status\ndata: {\"version\":1,");
  INFO(head);
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  std::vector<std::unique_ptr<Socket>> more;
  for (size_t i = 1; i < EventDesk::kMaxListeners; ++i) {
    more.push_back(Listener());
    CHECK(more.back()->Count("event: status\n", 1) == 1);  // without a wait for a change
  }
  CHECK(Listener()->Receive("\n").starts_with("HTTP/1.1 503 "));
  t.Produce("a");
  REQUIRE(t.UntilNext("a", 1));
  const std::string changed = more.front()->Receive("\"rows\":1,");
  CHECK(changed.find("event: tables\ndata: ") != std::string::npos);
  CHECK(changed.find("\"rows\":1,") != std::string::npos);
  more.clear();
  CHECK(Bench::Until([] { return Listener()->Receive("\n").starts_with("HTTP/1.1 200 "); }));
  ::kill(t.pid, SIGTERM);
  CHECK(t.Wait() == 0);
  (void)first->Receive();
  CHECK(first->Closed());
}

TEST_CASE("a listener that does not read is dropped, and the others hear on") {
  std::atomic<int64_t> looks = 0;
  auto source = [&](Ends, const auto& reader) {
    auto view = std::make_shared<View>();
    ++looks;
    for (int i = 0; i < 400; ++i)  // each look has two hundred changes of 20 kB
      view->tables.push_back(
          {.table = fmt::format("t{:03}", i), .reason = std::string(20'000, 'x'), .rows = looks});
    reader(view);
  };
  auto server = HttpServer::Start(OwnAddress() + ":8081", {}, OperatorRoutes("1", {}), source,
                                  std::make_shared<Chronicle>(std::chrono::steady_clock::now()));
  REQUIRE(server.has_value());
  const auto slow = Listener();
  CHECK(Listener()->Count("event: tables\n", 8) == 8);
  // By now it is a good 30 MB behind, which no buffer holds. It gets what was under way, and then the end.
  CHECK(slow->Receive().size() < 24'000'000);
  CHECK(slow->Closed());
}

}  // namespace cdc::orchestrator
