/// What /api/v1 and Flink's paths say, and that it is what docs/api.schema.json promises.

#include <ctime>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "orchestrator/api.h"
#include "orchestrator/change_feed.h"
#include "orchestrator/detail.h"
#include "orchestrator/flink.h"
#include "orchestrator/routes.h"
#include "tests/support/schema_check.h"

namespace cdc::orchestrator {
namespace {

using nlohmann::json;

constexpr int64_t kNow = 1'700'000'100'000;

View SomeTables() {
  View view{.uptime = Millis(60'000), .running = 1, .max_jobs = 4, .kafka_connected = true};
  view.now_ms = kNow;
  view.tables.push_back({.table = "a",
                         .phase = Phase::kRunning,
                         .lag = 7,
                         .events = 10,
                         .rows = 9,
                         .changes = 8,
                         .last_commit_ms = kNow - 500,
                         .last_start_ms = kNow - 6'000,
                         .pid = 42});
  view.tables.push_back({.table = "b \"ü\"\n\xff",
                         .phase = Phase::kHeld,
                         .reason = "no rights",
                         .hint = "cdc resume",
                         .dead_letters = 3,
                         .dead_letter_ms = kNow - 10'000,
                         .last_start_ms = kNow - 3'000,
                         .last_exit = "78",
                         .last_run = Millis(1'000)});
  view.tables.push_back({.table = "c", .lag = 0, .dead_letters = 1, .dead_letter_ms = kNow - 1'000});
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

std::vector<std::string> Names(const std::string& answer) {
  std::vector<std::string> names;
  const json parsed = json::parse(answer);
  for (const json& table : parsed["tables"]) names.push_back(table["table"]);
  return names;
}

std::string Tables(const std::map<std::string, std::string>& query) {
  return RenderTables(SomeTables(), *ParseSelection(query));
}

}  // namespace

TEST_CASE("api: every answer is what docs/api.schema.json promises") {
  const View view = SomeTables();
  CHECK(Flaw("tables", Tables({})) == "");
  for (const TableView& table : view.tables) {
    CHECK(Flaw("one_table", RenderTable(view, table)) == "");
    CHECK(Flaw("job", RenderJob(view, table)) == "");
  }
  CHECK(Flaw("runs", RenderRuns("a", {{.id = 1, .table = "a", .exit = "0", .report = R"({"rows":2})"},
                                      {.id = 2, .table = "a", .report = "no JSON"}})) == "");
  CHECK(Flaw("dead_letters", RenderDeadLetters(view, {})) == "");
  CHECK(Flaw("status", RenderStatus(view, "1.2")) == "");
  CHECK(Flaw("error", RenderError("e", "h")) == "");
  CHECK(Flaw("changes", RenderChanges(view, {&view.tables[0]}, 4)) == "");
  CHECK(Flaw("removed", RenderRemoved({"a"})) == "");
  CHECK(Flaw("sample", RenderSample({3, kNow, 1.5, 7})) == "");
  CHECK(Flaw("done", RenderDone("a", "pause")) == "");
  CHECK(Flaw("jobs", RenderJobs(view)) == "");
  CHECK(Flaw("cluster", RenderCluster(view, "1.2")) == "");
}

TEST_CASE("api: a schema check that finds a missing, a foreign and a mistyped field") {
  json answer = json::parse(RenderStatus(SomeTables(), "1.2"));
  answer["status"] = "fine";
  CHECK(Flaw("status", answer.dump()) != "");
  answer["status"] = "ok";
  CHECK(Flaw("status", answer.dump()) == "");
  answer["more"] = 1;
  CHECK(Flaw("status", answer.dump()) != "");
  answer.erase("more");
  answer.erase("reasons");
  CHECK(Flaw("status", answer.dump()) != "");
}

TEST_CASE("api: tables are filtered, sorted and paged") {
  const std::string held = json::parse(Tables({}))["tables"][1]["table"];
  CHECK(held.starts_with("b \"ü\"\n"));
  CHECK(Names(Tables({})) == std::vector<std::string>{"a", held, "c"});
  CHECK(Names(Tables({{"sort", "need"}})) == std::vector<std::string>{held, "a", "c"});
  CHECK(Names(Tables({{"state", "Held"}})) == std::vector<std::string>{held});
  CHECK(Names(Tables({{"filter", "A"}})) == std::vector<std::string>{"a"});
  CHECK(Names(Tables({{"limit", "1"}, {"offset", "2"}})) == std::vector<std::string>{"c"});
  CHECK(Names(Tables({{"offset", "9"}})).empty());
  const json page = json::parse(Tables({{"limit", "0"}, {"state", "Idle"}}));
  CHECK(page["total"] == 3);
  CHECK(page["matched"] == 1);
  CHECK(page["tables"].empty());
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"limit", "1001"}, {"limit ", "1"}, {"offset", "-1"}, {"state", "held"}, {"sort", "lag"}}) {
    INFO(name);
    CHECK(ParseSelection({{name, value}}).error().kind == ErrorKind::kInvalidConfig);
  }
}

TEST_CASE("api: dead letters by table, the newest first") {
  const std::string answer = RenderDeadLetters(SomeTables(), {});
  CHECK(Names(answer).front() == "c");
  CHECK(json::parse(answer)["total"] == 4);
  CHECK(json::parse(answer)["matched"] == 2);
}

TEST_CASE("api: a target is decoded segment by segment") {
  const auto target = ParseTarget("/api/v1/tables/a%2Fb%20c/runs?filter=x+y%26&limit=1&limit=2&flag");
  REQUIRE(target.has_value());
  CHECK(target->path == std::vector<std::string>{"api", "v1", "tables", "a/b c", "runs"});
  CHECK(target->query ==
        std::map<std::string, std::string>{{"filter", "x y&"}, {"limit", "2"}, {"flag", ""}});
  for (const char* bad : {"", "x", "*", "/%", "/%4", "/%zz", "/?a=%"}) {
    INFO(bad);
    CHECK_FALSE(ParseTarget(bad).has_value());
  }
}

TEST_CASE("api: what does not answer and what is not there are plain errors") {
  const auto none = [](std::string_view, int) -> Result<std::vector<contract::RunRecord>> {
    return Error{ErrorKind::kTransient, "locked", ""};
  };
  const auto routes = OperatorRoutes("1", {.runs = none});
  const View view = SomeTables();
  const auto ask = [&](const char* path, const View* seen) {
    const auto target = ParseTarget(path);
    return FindRoute(routes, *target)->render(seen, *target);
  };
  for (const char* path : {"/api/v1/status", "/api/v1/tables", "/api/v1/dead-letters"}) {
    INFO(path);
    CHECK(ask(path, nullptr).status == 503);
    CHECK(Flaw("error", ask(path, nullptr).body) == "");
    CHECK(ask(path, &view).status == 200);
  }
  CHECK(ask("/jobs/overview", nullptr).status == 503);
  CHECK(ask("/jobs/0", &view).status == 404);
  CHECK(ask("/api/v1/tables?limit=x", &view).status == 400);
  CHECK(ask("/api/v1/tables/a/runs", &view).status == 503);
  CHECK(ask("/api/v1/tables/d/runs", &view).status == 404);
}

TEST_CASE("flink: states, times and a job's id") {
  const std::pair<Phase, std::string> states[] = {
      {Phase::kRunning, "RUNNING"},  {Phase::kStarting, "INITIALIZING"}, {Phase::kPending, "CREATED"},
      {Phase::kIdle, "RUNNING"},     {Phase::kBackoff, "RESTARTING"},    {Phase::kHeld, "FAILED"},
      {Phase::kPaused, "SUSPENDED"}, {Phase::kStopping, "RUNNING"}};
  for (const auto& [phase, state] : states) CHECK(FlinkState(phase, false) == state);
  CHECK(FlinkState(Phase::kStopping, true) == std::string("CANCELLING"));
  // Never another one for the same name: scripts keep it.
  CHECK(JobIdOf("orders") == "b47e5f278b024151d3047ab9cc789b9d");
  const View view = SomeTables();
  const json jobs = json::parse(RenderJobs(view))["jobs"];
  CHECK(jobs[0]["state"] == "RUNNING");
  CHECK(jobs[0]["start-time"] == kNow - 6'000);
  CHECK(jobs[0]["end-time"] == -1);
  CHECK(jobs[0]["duration"] == 6'000);
  CHECK(jobs[0]["last-modification"] == kNow - 500);
  CHECK(jobs[0]["tasks"]["total"] == 1);
  CHECK(jobs[0]["tasks"]["running"] == 1);
  CHECK(jobs[1]["state"] == "FAILED");
  CHECK(jobs[1]["end-time"] == kNow - 2'000);
  CHECK(jobs[1]["duration"] == 1'000);
  CHECK(jobs[2]["cdc-state"] == "Idle");
  CHECK(jobs[2]["start-time"] == kNow - 60'000);  // it never had a worker
  CHECK(FindJob(view, jobs[2]["jid"].get<std::string>()) == &view.tables[2]);
  CHECK(FindJob(view, "0") == nullptr);
  CHECK(json::parse(RenderCluster(view, "1"))["jobs-failed"] == 1);
  CHECK(json::parse(RenderCluster(view, "1"))["slots-available"] == 3);
}

TEST_CASE("changes: the first look tells the status, later ones what changed and what went") {
  View view = SomeTables();
  ChangeFeed feed("1");
  CHECK(feed.Status().empty());
  CHECK(feed.Next(view).starts_with("event: status\ndata: {\"version\":1,"));
  CHECK(feed.Status().starts_with("event: status\n"));
  view.now_ms += 1'000;
  view.uptime += Millis(1'000);
  CHECK(feed.Next(view).empty());  // time alone is no news
  view.tables[0].rows = 10;
  const std::string changed = feed.Next(view);
  INFO(changed);
  CHECK(changed.starts_with("event: tables\ndata: {"));
  CHECK(changed.find("\"table\":\"a\"") != std::string::npos);
  CHECK(changed.substr(0, changed.find("event: status")).find("\"table\":\"c\"") == std::string::npos);
  CHECK(changed.find("event: status\n") != std::string::npos);  // its sums changed
  CHECK(changed.ends_with("}\n\n"));
  view.tables.pop_back();
  CHECK(feed.Next(view).find("event: removed\ndata: {\"version\":1,\"tables\":[\"c\"]}\n\n") == 0);
  CHECK(feed.Next(view).empty());
}

TEST_CASE("changes: each table has its turn, however many change at once") {
  View view;
  view.now_ms = kNow;
  for (int i = 0; i < 1'000; ++i) view.tables.push_back({.table = fmt::format("t{:04}", i)});
  ChangeFeed feed("1");
  (void)feed.Next(view);
  std::map<std::string, int> told;
  for (int look = 0; look < 10; ++look) {
    for (TableView& t : view.tables) ++t.rows;
    const std::string events = feed.Next(view);
    const size_t begin = events.find("data: ") + 6;
    const json changes = json::parse(events.substr(begin, events.find('\n', begin) - begin));
    CHECK(changes["tables"].size() == ChangeFeed::kTablesPerEvent);
    CHECK(changes["left"] == 800);
    for (const json& table : changes["tables"]) ++told[table["table"]];
  }
  CHECK(told.size() == 1'000);
  for (const auto& [table, times] : told) CHECK(times == 2);
  for (int look = 0; look < 4; ++look)
    CHECK(feed.Next(view).find("event: tables") == 0);  // what was left over
  CHECK(feed.Next(view).empty());
}

TEST_CASE("api: an update of ten thousand tables takes less than 50 ms of CPU", "[.measure]") {
  View view;
  view.now_ms = kNow;
  for (int i = 0; i < 10'000; ++i)
    view.tables.push_back({.table = fmt::format("a_table_with_a_name_{:05}", i),
                           .phase = Phase::kRunning,
                           .reason = "a reason that may be shown",
                           .lag = i});
  ChangeFeed feed("1");
  const auto cpu = [](const auto& work) {
    const std::clock_t begin = std::clock();
    work();
    return 1'000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  for (int round = 0; round < 3; ++round) {
    for (TableView& t : view.tables) ++t.rows;
    size_t bytes = 0;
    const double update = cpu([&] { bytes = feed.Next(view).size(); });
    const double page = cpu([&] { (void)RenderTables(view, {.limit = 100, .by_need = true}); });
    const double jobs = cpu([&] { (void)RenderJobs(view); });
    const double status = cpu([&] { (void)RenderStatus(view, "1"); });
    WARN(fmt::format("update {:.1f} ms ({} bytes), page {:.1f} ms, jobs {:.1f} ms, status {:.1f} ms", update,
                     bytes, page, jobs, status));
    CHECK(update < 50);
    CHECK(page < 50);
    CHECK(jobs < 50);
  }
}

TEST_CASE("a new sample of the history is an event, once") {
  ChangeFeed feed("1");
  View view = SomeTables();
  view.newest = {4, kNow, 2.5, 7};
  CHECK(feed.Next(view).find("event: sample") == std::string::npos);  // the first one is in the history
  view.newest = {5, kNow, 2.5, 7};
  const std::string events = feed.Next(view);
  CHECK(events.find("event: sample\ndata: "
                    "{\"version\":1,\"at_ms\":1700000100000,\"events_per_second\":2.500,\"lag\":7}\n") !=
        std::string::npos);
  CHECK(feed.Next(view).empty());
}

}  // namespace cdc::orchestrator
