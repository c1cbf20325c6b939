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
  auto source = [&](const ViewReader& reader) {
    auto view = std::make_shared<View>();
    ++looks;
    for (int i = 0; i < 400; ++i)  // each look has two hundred changes of 20 kB
      view->tables.push_back(
          {.table = fmt::format("t{:03}", i), .reason = std::string(20'000, 'x'), .rows = looks});
    reader(view);
  };
  auto server = HttpServer::Start(OwnAddress() + ":8081", {}, OperatorRoutes("1", {}), source);
  REQUIRE(server.has_value());
  const auto slow = Listener();
  CHECK(Listener()->Count("event: tables\n", 8) == 8);
  // By now it is a good 30 MB behind, which no buffer holds. It gets what was under way, and then the end.
  CHECK(slow->Receive().size() < 24'000'000);
  CHECK(slow->Closed());
}

}  // namespace cdc::orchestrator
