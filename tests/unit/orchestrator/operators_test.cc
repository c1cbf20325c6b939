/// What operators are shown: metrics, health, routes.

#include <chrono>

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include "orchestrator/health.h"
#include "orchestrator/metrics.h"
#include "orchestrator/routes.h"
#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {
namespace {

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TableView Named(const std::string& name) { return {.table = name}; }

}  // namespace

TEST_CASE("metrics: every known fact has its sample") {
  View view{.uptime = Millis(1'500), .running = 1, .waiting = 2, .max_jobs = 4, .kafka_connected = true};
  view.tables.push_back({.table = "a",
                         .phase = Phase::kRunning,
                         .lag = 7,
                         .events = 10,
                         .rows = 9,
                         .deletes = 8,
                         .dead_letters = 6,
                         .left_alone = 11,
                         .last_commit_ms = 1'700'000'000'500,
                         .last_start_ms = 1'700'000'000'000,
                         .starts = 5,
                         .crashes = 4,
                         .retries = 3,
                         .last_exit = "signal 9",
                         .last_run = Millis(2'250),
                         .pid = 42});
  const Vitals vitals{
      .cpu_seconds = 0.25, .resident_bytes = 4096, .open_fds = 3, .resident_by_pid = {{42, 8192}}};
  const std::string text = RenderMetrics(view, vitals, "1.2");
  INFO(text);
  for (const char* line : {"cdc_build_info{version=\"1.2\"} 1",
                           "cdc_uptime_seconds 1.5",
                           "process_cpu_seconds_total 0.25",
                           "process_resident_memory_bytes 4096",
                           "process_open_fds 3",
                           "cdc_jobs_running 1",
                           "cdc_jobs_max 4",
                           "cdc_jobs_waiting 2",
                           "cdc_kafka_connected 1",
                           "cdc_ledger_writable 1",
                           "cdc_tables{state=\"Running\"} 1",
                           "cdc_tables{state=\"Held\"} 0",
                           "# TYPE cdc_table_rows_total counter",
                           "cdc_table_state{table=\"a\",state=\"Running\"} 1",
                           "cdc_table_lag_records{table=\"a\"} 7",
                           "cdc_table_events_total{table=\"a\"} 10",
                           "cdc_table_rows_total{table=\"a\"} 9",
                           "cdc_table_deletes_total{table=\"a\"} 8",
                           "cdc_table_dead_letters_total{table=\"a\"} 6",
                           "cdc_table_left_alone_total{table=\"a\"} 11",
                           "cdc_table_last_commit_timestamp_seconds{table=\"a\"} 1700000000.5",
                           "cdc_table_last_start_timestamp_seconds{table=\"a\"} 1700000000",
                           "cdc_table_starts_total{table=\"a\"} 5",
                           "cdc_table_crashes_total{table=\"a\"} 4",
                           "cdc_table_retries_total{table=\"a\"} 3",
                           "cdc_table_last_exit_code{table=\"a\"} 137",
                           "cdc_table_last_run_duration_seconds{table=\"a\"} 2.25",
                           "cdc_table_worker_resident_memory_bytes{table=\"a\"} 8192"}) {
    INFO(line);
    CHECK(Has(text, line));
  }
  CHECK(text.find("process_start_time_seconds") == std::string::npos);
  CHECK(text.back() == '\n');
}

TEST_CASE("metrics: what is unknown has no sample") {
  View view;
  view.tables = {Named("a")};
  const std::string text = RenderMetrics(view, {}, "1");
  for (const char* name :
       {"cdc_table_lag_records{", "cdc_table_last_commit_timestamp_seconds{", "cdc_table_last_exit_code{",
        "cdc_table_last_run_duration_seconds{", "cdc_table_worker_resident_memory_bytes{", "process_"}) {
    INFO(name);
    CHECK(text.find(name) == std::string::npos);
  }
  CHECK(Has(text, "cdc_table_rows_total{table=\"a\"} 0"));
}

TEST_CASE("metrics: labels are escaped, exits are numbers") {
  CHECK(EscapeLabel("a\"b\\c\nd") == "a\\\"b\\\\c\\nd");
  View view;
  view.tables = {Named("public.\"x\"")};
  CHECK(Has(RenderMetrics(view, {}, "1"), "cdc_table_starts_total{table=\"public.\\\"x\\\"\"} 0"));
  CHECK(ExitNumber("0") == 0);
  CHECK(ExitNumber("78") == 78);
  CHECK(ExitNumber("signal 15") == 143);
  for (const char* none : {"", "signal ", "signal x", "7x", "not started"}) CHECK_FALSE(ExitNumber(none));
}

TEST_CASE("metrics: ten thousand tables are rendered and looked at in no time", "[.measure]") {
  std::string tables;
  for (int i = 0; i < 10'000; ++i) tables += fmt::format("[tables.a_table_with_a_name_{}]\n", i);
  SchedulerBench t(tables);
  auto millis = [](auto begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  for (int round = 0; round < 5; ++round) {
    auto begin = std::chrono::steady_clock::now();
    View view = t.scheduler->Look();
    const double look = millis(begin);
    for (TableView& table : view.tables) {
      table.lag = 12'345;
      table.last_commit_ms = table.last_start_ms = 1'700'000'000'123;
      table.last_exit = "0";
      table.last_run = Millis(12'345);
    }
    begin = std::chrono::steady_clock::now();
    const std::string text = RenderMetrics(view, {}, "1");
    const double render = millis(begin);
    begin = std::chrono::steady_clock::now();
    CHECK(Judge(&view, "1").able);
    WARN(fmt::format("look {:.2f} ms, metrics {:.2f} ms ({} bytes), health {:.2f} ms", look, render,
                     text.size(), millis(begin)));
    CHECK(render < 50);
  }
}

TEST_CASE("health: down is for what the orchestrator cannot do, degraded for what others must look at") {
  const View fine{.kafka_connected = true};
  CHECK(Judge(&fine, "1").able);
  CHECK(Judge(&fine, "1").json.find(R"("status":"ok","problems":[])") != std::string::npos);

  View held = fine;
  held.tables = {Named("a"),
                 {.table = "b", .phase = Phase::kHeld, .reason = "no key", .hint = "mode = \"append\""}};
  CHECK(Judge(&held, "1").able);
  CHECK(Judge(&held, "1").json.find(R"("status":"degraded")") != std::string::npos);
  CHECK(
      Judge(&held, "1").json.find(R"("held":[{"table":"b","reason":"no key","hint":"mode = \"append\""}])") !=
      std::string::npos);

  View outage{.kafka_silence = kKafkaPatience};
  CHECK(Judge(&outage, "1").able);
  CHECK(Judge(&outage, "1").json.find(R"("status":"degraded")") != std::string::npos);
  outage.kafka_silence += Millis(1);
  CHECK_FALSE(Judge(&outage, "1").able);
  CHECK(Judge(&outage, "1").json.find(R"("status":"down")") != std::string::npos);
  outage.stopping = true;  // it asks no more
  CHECK(Judge(&outage, "1").json.find(R"("status":"stopping")") != std::string::npos);

  View full = fine;
  full.ledger_writable = false;
  CHECK_FALSE(Judge(&full, "1").able);
  CHECK_FALSE(Judge(nullptr, "1").able);
}

TEST_CASE("health: thousands of Held tables are counted, a hundred are listed") {
  View view{.kafka_connected = true};
  for (int i = 0; i < 5'000; ++i)
    view.tables.push_back({.table = "t", .phase = Phase::kHeld, .reason = "\xff"});
  const std::string json = Judge(&view, "1").json;
  CHECK(json.size() < 10'000);
  CHECK(json.find("\"held_total\":5000") != std::string::npos);
}

TEST_CASE("a route is found by its path alone") {
  const auto routes = OperatorRoutes("1", {});
  const auto find = [&](const char* target) {
    const auto parsed = ParseTarget(target);
    return parsed ? FindRoute(routes, *parsed) : nullptr;
  };
  REQUIRE(find("/health?verbose=1") != nullptr);
  CHECK(find("/health?verbose=1")->path == "/health");
  CHECK(find("/metrics")->render(nullptr, {}).status == 503);
  CHECK(find("/jobs/overview")->path == "/jobs/overview");
  CHECK(find("/jobs/0f")->path == "/jobs/*");
  for (const char* none : {"", "*", "/health/", "/Health", "?", "http://x/health", "/jobs/",
                           "/api/v1/tables/", "/api/v1/tables/a/b", "/api/v1/tables/%", "/health%2f"})
    CHECK(find(none) == nullptr);
}

TEST_CASE("the scheduler's view: runs are counted as they end, lag of a silent Kafka is unknown") {
  SchedulerBench t("rate_limit = \"0s\"\n[tables.a]\n[tables.b]\n[tables.c]\n");
  CHECK_FALSE(t.scheduler->Look().kafka_connected);
  t.source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.b", {{0, 0}}}, {"p.public.c", {{0, 0}}}};
  t.Answer();
  CHECK(t.scheduler->Look().kafka_connected);
  CHECK(t.scheduler->Look().tables[0].lag == 0);
  t.Produce("a");
  t.Produce("b");
  t.Produce("c");
  View view = t.scheduler->Look();
  CHECK(view.running == 2);
  CHECK(view.waiting == 1);
  CHECK(view.max_jobs == 2);
  t.Say("a", contract::Ready{});
  t.Say("a", contract::Progress{.events = 5,
                                .rows = 4,
                                .deletes = 3,
                                .dead_letters = 2,
                                .left_alone = 1,
                                .last_commit_ms = 9,
                                .doing = "writing"});
  view = t.scheduler->Look();
  CHECK(view.tables[0].phase == Phase::kRunning);
  CHECK(view.tables[0].events == 5);
  CHECK(view.tables[0].rows == 4);
  CHECK(view.tables[0].deletes == 3);
  CHECK(view.tables[0].dead_letters == 2);
  CHECK(view.tables[0].left_alone == 1);
  CHECK(view.tables[0].last_commit_ms == 9);
  CHECK(view.tables[0].reason == "writing");
  CHECK(view.tables[0].pid == 1000);
  t.Pass(seconds(2));
  t.End("a", Signaled{11});
  t.End("b", Exited{75});
  view = t.scheduler->Look();
  CHECK(view.tables[0].rows == 4);
  CHECK(view.tables[0].deletes == 3);
  CHECK(view.tables[0].crashes == 1);
  CHECK(view.tables[0].last_exit == "signal 11");
  CHECK(view.tables[0].last_run == Millis(2'000));
  CHECK(view.tables[0].pid == 0);
  CHECK(view.tables[1].crashes == 0);
  CHECK(view.tables[1].retries == 1);
  CHECK(view.tables[1].starts == 1);
  t.clock.Pass(seconds(11));
  t.scheduler->Advance();
  REQUIRE_FALSE(t.source.topic_questions.empty());
  for (auto& done : std::exchange(t.source.topic_questions, {}))
    done(Error{ErrorKind::kTransient, "no answer"});
  view = t.scheduler->Look();
  CHECK_FALSE(view.kafka_connected);
  CHECK_FALSE(view.tables[0].lag.has_value());
}

}  // namespace cdc::orchestrator
