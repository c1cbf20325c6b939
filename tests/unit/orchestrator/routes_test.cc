/// What /api/v1 says of one table, its source and its errors; actions; and the page's files.

#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "orchestrator/api.h"
#include "orchestrator/detail.h"
#include "orchestrator/routes.h"
#include "tests/support/schema_check.h"

namespace cdc::orchestrator {
namespace {

using nlohmann::json;

constexpr int64_t kNow = 1'700'000'100'000;

View SomeTables() {
  View view{.max_jobs = 4, .kafka_connected = true, .now_ms = kNow};
  view.tables.push_back({.table = "a", .phase = Phase::kRunning, .lag = 7, .rows = 9, .pid = 42});
  view.tables.push_back({.table = "c", .lag = 0});
  return view;
}

json Schema() {
  std::ifstream in(CDC_SOURCE_DIR "/docs/api.schema.json");
  return json::parse(in);
}

/// What is wrong with an answer, by the definition of that name; empty: nothing.
std::string Flaw(const char* definition, const std::string& answer) {
  const json schema = Schema();
  return testing::SchemaFlaw(schema, schema.at("$defs").at(definition), json::parse(answer));
}

}  // namespace

TEST_CASE("api: what is more than a table's figures is what docs/api.schema.json promises, too") {
  const View view = SomeTables();
  const TableDetail detail{.topic = "p.public.a",
                           .partitions = {{0, 5, 0, 9}, {1, {}, {}, {}}},
                           .states = {{kNow, Phase::kHeld}},
                           .job = "upsert",
                           .sink = "iceberg",
                           .append = true,
                           .key = {"id"},
                           .columns = {{"a", "text"}}};
  const json table = json::parse(RenderTable(view, view.tables[0], &detail));
  CHECK(testing::SchemaFlaw(Schema(), Schema().at("$defs").at("detail"), table["detail"]) == "");
  CHECK(table["detail"]["partitions"][1]["next"].is_null());
  CHECK(Flaw("history", RenderHistory("a", {kNow, {0.0F, 1.5F}, {7.0F, std::nullopt}})) == "");
  CHECK(Flaw("log", RenderLog("a", {"one", "t\xff"})) == "");
  const Letters letters{{{.topic = "t", .offset = 3, .reason = "r", .key = "k"}}, false};
  CHECK(Flaw("letters", RenderLetters("a", letters)) == "");
  SourceDetail source{
      .topic_prefix = "p", .topics = 4, .unlisted = {{"p.public.x", "[tables.x]"}}, .unlisted_total = 1};
  source.facts.connect.connectors.push_back(
      {.name = "c", .state = "RUNNING", .tasks = {{0, "FAILED", "why"}}});
  source.facts.database.slots.push_back({.name = "s"});
  CHECK(Flaw("source", RenderSource(source)) == "");
}

TEST_CASE("api: errors are troubles and failed runs in one line, the newest first") {
  const std::deque<Trouble> troubles = {
      {{contract::Level::kDown, "kafka_away", "", "away", "", 0}, kNow - 5'000, kNow - 1'000},
      {{contract::Level::kAttention, "held", "a", "no key", "h", 0}, kNow - 2'000, 0}};
  const std::vector<contract::RunRecord> failed = {
      {.table = "a", .end_ms = kNow - 3'000, .exit = "78", .reason = "no key"},
      {.table = "b", .end_ms = kNow - 9'000, .exit = "signal 9"}};
  const std::string answer = RenderErrors(kNow, troubles, failed, 10);
  CHECK(Flaw("errors", answer) == "");
  std::vector<std::string> codes;
  const json parsed = json::parse(answer);
  for (const json& error : parsed["errors"]) codes.push_back(error["code"]);
  CHECK(codes == std::vector<std::string>{"held", "run", "kafka_away", "run"});
  CHECK(parsed["errors"][3]["text"] == "its worker ended with signal 9");
  CHECK(json::parse(RenderErrors(kNow, troubles, failed, 1))["errors"].size() == 1);
}

TEST_CASE("api: a snapshot's id is told as text, so that no browser rounds it") {
  const json runs =
      json::parse(RenderRuns("a", {{.report = R"({"snapshot_id":9007199254740993})"}, {.report = "{}"}}));
  CHECK(runs["runs"][0]["snapshot"] == "9007199254740993");
  CHECK(runs["runs"][1]["snapshot"] == "");
}

TEST_CASE("api: what comes from elsewhere says so where it does not come") {
  OperatorPorts ports;
  ports.detail = [](const std::string& table, const auto& done) {
    done(table == "a" ? std::optional<TableDetail>({.topic = "p.public.a"}) : std::nullopt);
  };
  ports.letters = [](const std::string&, int limit, const auto& done) {
    if (limit == 7) return done(Letters{});
    done(Error{ErrorKind::kTransient, "Kafka is away", "h"});
  };
  const auto routes = OperatorRoutes("1", ports);
  const auto ask = [&](const char* path, const ViewPtr& view) {
    const auto target = ParseTarget(path);
    Page answer;
    FindRoute(routes, *target)->later(view, *target, [&](Page page) { answer = std::move(page); });
    return answer;
  };
  const auto view = std::make_shared<const View>(SomeTables());
  CHECK(ask("/api/v1/tables/a", nullptr).status == 503);
  CHECK(ask("/api/v1/tables/none", view).status == 404);
  CHECK(json::parse(ask("/api/v1/tables/a", view).body)["table"]["rows"] == 9);
  CHECK(json::parse(ask("/api/v1/tables/a", view).body)["detail"]["topic"] == "p.public.a");
  CHECK(json::parse(ask("/api/v1/tables/c", view).body)["detail"].is_null());
  CHECK(ask("/api/v1/tables/a/dead-letters?limit=7", view).status == 200);
  CHECK(ask("/api/v1/tables/a/dead-letters?limit=x", view).status == 400);
  CHECK(ask("/api/v1/tables/a/dead-letters", view).status == 503);
  CHECK(Flaw("error", ask("/api/v1/tables/a/dead-letters", view).body) == "");
}

TEST_CASE("api: an action is carried out for those who may, and its failure is told") {
  std::vector<std::pair<contract::ControlCommand, std::string>> carried;
  OperatorPorts ports{.token = "0123456789abcdef0123456789abcdef"};
  ports.act = [&](const contract::ControlRequest& request, const auto& done) {
    carried.emplace_back(request.command, request.table);
    if (request.table == "none") return done(Error{ErrorKind::kInvalidConfig, "no such table", ""});
    if (request.table == "lent") return done(Error{ErrorKind::kConflict, "a command works on it", ""});
    done({});
  };
  const auto routes = OperatorRoutes("1", ports);
  const auto act = [&](const char* path, const ActionHeaders& headers) {
    const auto target = ParseTarget(path);
    Page answer;
    FindRoute(routes, *target, true)->act(*target, headers, [&](Page page) { answer = std::move(page); });
    return answer;
  };
  const ActionHeaders may{.host = "h", .authorization = "Bearer " + ports.token};
  CHECK(act("/api/v1/tables/a/actions/pause", {.host = "h"}).status == 401);
  CHECK(act("/api/v1/tables/a/actions/pause", {"h", "http://evil", "", may.authorization}).status == 403);
  CHECK(act("/api/v1/tables/a/actions/drop", may).status == 404);
  CHECK(carried.empty());
  CHECK(Flaw("done", act("/api/v1/tables/a%2Fb/actions/start", may).body) == "");
  CHECK(act("/api/v1/tables/a/pause", may).status == 200);
  CHECK(act("/api/v1/tables/a/actions/resume", may).status == 200);
  CHECK(act("/api/v1/tables/a/actions/restart", may).status == 200);
  using contract::ControlCommand;
  CHECK(carried == std::vector<std::pair<ControlCommand, std::string>>{{ControlCommand::kTrigger, "a/b"},
                                                                       {ControlCommand::kPause, "a"},
                                                                       {ControlCommand::kResume, "a"},
                                                                       {ControlCommand::kRestart, "a"}});
  CHECK(act("/api/v1/tables/none/actions/start", may).status == 404);
  CHECK(act("/api/v1/tables/lent/actions/start", may).status == 409);
  // Nothing that is read takes a POST, and nothing that acts a GET.
  CHECK(FindRoute(routes, *ParseTarget("/api/v1/tables/a/actions/start")) == nullptr);
  CHECK(FindRoute(routes, *ParseTarget("/api/v1/tables"), true) == nullptr);
}

TEST_CASE("api: the page's files are there, each with an ETag of its own") {
  const auto routes = OperatorRoutes("1", {});
  const auto file = [&](const char* path) { return FindRoute(routes, *ParseTarget(path))->file; };
  REQUIRE(file("/") != nullptr);
  CHECK(file("/")->plain.starts_with("<!doctype html>"));
  CHECK(file("/")->gzip.starts_with("\x1f\x8b"));
  CHECK(file("/page/main.js")->sum != file("/page/api.js")->sum);
  // Whatever the page names is there.
  const std::string_view html = file("/")->plain;
  int named = 0;
  for (size_t at = 0; (at = html.find("\"/page/", at)) != std::string_view::npos; ++at, ++named) {
    const std::string path(html.substr(at + 1, html.find('"', at + 1) - at - 1));
    INFO(path);
    CHECK(FindRoute(routes, *ParseTarget(path)) != nullptr);
  }
  CHECK(named > 10);
}

}  // namespace cdc::orchestrator
