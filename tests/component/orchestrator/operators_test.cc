/// /health and /metrics of the program itself, and what clients may do to it.

#include <future>

#include "orchestrator/http_server.h"
#include "tests/component/orchestrator/http_client.h"
#include "tests/component/orchestrator/orchestrator_bench.h"

namespace cdc::orchestrator {
namespace {

using Bench = OrchestratorBench;

bool UntilHealthy() {
  return Bench::Until([] { return Get("/health").find("\"status\":\"ok\"") != std::string::npos; });
}

std::shared_ptr<View> SomeView() { return std::make_shared<View>(); }
std::shared_ptr<Chronicle> NoChronicle() {
  return std::make_shared<Chronicle>(std::chrono::steady_clock::now());
}

}  // namespace

TEST_CASE("metrics follow a table's life and are what Prometheus reads") {
  Bench t("[tables.a]\n[tables.b]\njob = \"exit78\"\n", "rate_limit = \"0s\"\nidle_timeout = \"60s\"\n");
  t.Produce("a");
  t.Produce("b");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(t.UntilState("b", "Held"));
  const std::string url = "http://" + OwnAddress() + ":8081/metrics";
  const std::string wanted =
      R"('cdc_table_state{table="a",state="Running"}' 'cdc_table_rows_total{table="a"}' )"
      R"('cdc_table_last_commit_timestamp_seconds{table="a"}' 'cdc_table_lag_records{table="a"}' )"
      R"('cdc_table_worker_resident_memory_bytes{table="a"}' 'cdc_table_state{table="b",state="Held"}' )"
      R"('cdc_table_last_exit_code{table="b"}' process_cpu_seconds_total process_resident_memory_bytes )"
      R"(process_open_fds process_start_time_seconds)";
  const fs::path out = t.folder / "metrics";
  const std::string command = fmt::format("{} {}/tests/component/orchestrator/read_metrics.py {} {} >{} 2>&1",
                                          CDC_PYTHON, CDC_SOURCE_DIR, url, wanted, out.string());
  const int status = std::system(command.c_str());
  const std::string metrics = t.Read(out);
  INFO(metrics);
  CHECK(status == 0);
  for (const char* line : {"cdc_table_rows_total{table=\"a\"} 1\n", "cdc_table_starts_total{table=\"a\"} 1\n",
                           "cdc_table_last_exit_code{table=\"b\"} 78\n", "cdc_tables{state=\"Held\"} 1\n",
                           "cdc_jobs_running 1\n", "cdc_jobs_max 2\n", "cdc_kafka_connected 1\n"}) {
    INFO(line);
    CHECK(metrics.find(line) != std::string::npos);
  }
  const std::string health = Get("/health");
  INFO(health);
  CHECK(health.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(health.find("\"status\":\"degraded\"") != std::string::npos);
  CHECK(health.find("\"held\":[{\"table\":\"b\"") != std::string::npos);
  ::kill(t.pid, SIGTERM);
  CHECK(t.Wait() == 0);
  CHECK_FALSE(Socket().ok());
}

TEST_CASE("requests that are none of ours have their own answers") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(UntilHealthy());
  const std::string head = Ask("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(head.find("Content-Length: 0") == std::string::npos);
  CHECK(Get("/nothing").starts_with("HTTP/1.1 404 "));
  const std::string post = Ask("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(post.starts_with("HTTP/1.1 405 "));
  CHECK(post.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
  CHECK(Ask("DELETE /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 405 "));
  CHECK(Ask("GET /health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").starts_with("HTTP/1.1 413 "));
  CHECK(Ask("GET /health HTTP/1.1\r\nX: " + std::string(1'000'000, 'x') + "\r\n\r\n")
            .starts_with("HTTP/1.1 431 "));
  CHECK(Ask("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 4"));
  CHECK(Ask("\x16\x03\x01 nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(Ask("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n").find("Connection: close") ==
        std::string::npos);
  Socket kept;
  for (int i = 0; i < 3; ++i) {
    kept.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(kept.Receive("}\n").starts_with("HTTP/1.1 200 "));
  }
  kept.Send(
      "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string both = kept.Receive();
  CHECK(both.find("HTTP/1.1 200 ") < both.find("HTTP/1.1 404 "));
}

TEST_CASE("a request under a foreign name is refused, and every answer says what a browser may do") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(UntilHealthy());
  const auto answer = [](const std::string& headers) {
    return Ask("GET /health HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
  };
  CHECK(answer("Host: evil.example\r\n").starts_with("HTTP/1.1 421 "));
  CHECK(answer("Host: evil.example:8081\r\n").find("status") == std::string::npos);
  CHECK(answer("Host: 203.0.113.1\r\n").starts_with("HTTP/1.1 421 "));
  CHECK(answer("").starts_with("HTTP/1.1 400 "));
  CHECK(answer("Host: localhost\r\nHost: evil.example\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(Ask("GET /health HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 400 "));
  CHECK(answer("Host: " + OwnAddress() + ":8081\r\n").starts_with("HTTP/1.1 200 "));
  const std::string fine = answer("Host: localhost:8081\r\n");
  for (const char* header : {"\r\nContent-Security-Policy: default-src 'none'; ",
                             "\r\nCache-Control: no-store\r\n", "\r\nX-Content-Type-Options: nosniff\r\n"}) {
    INFO(header);
    CHECK(fine.find(header) != std::string::npos);
  }
  const std::string probe = fmt::format("CDC_HEALTH={}:8081 {}/docker/healthcheck.sh >{}", OwnAddress(),
                                        CDC_SOURCE_DIR, (t.folder / "probe").string());
  CHECK(std::system(probe.c_str()) == 0);
}

TEST_CASE("clients that say nothing or do not read are in nobody's way") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(UntilHealthy());
  std::vector<std::unique_ptr<Socket>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<Socket>());
    if (i % 3 == 1) idle.back()->Send("GET /hea");
    if (i % 3 == 2) idle.back()->Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  CHECK(Get("/health").starts_with("HTTP/1.1 200 "));
  CHECK(Bench::Until([&] { return idle.front()->Closed(); }, seconds(5)));  // made room
  t.Produce("a");
  CHECK(t.UntilNext("a", 1));
  ::kill(t.pid, SIGTERM);
  CHECK(t.Wait() == 0);
}

TEST_CASE("a port that is taken is one plain line and exit code 75") {
  Bench t("[tables.a]\n");
  {
    Socket other(OwnAddress(), true);
    REQUIRE(other.ok());
    t.Start();
    CHECK(t.Wait() == 75);
    CHECK(t.Logged("set [orchestrator] listen to another port"));
    const std::string log = t.Log();
    CHECK(log.find("cdc-orchestrator: listen for HTTP on ") == 0);
    CHECK(std::count(log.begin(), log.end(), '\n') == 1);
  }
  t.Start();
  CHECK(UntilHealthy());
}

TEST_CASE("an empty listen is no port") {
  Bench t("[tables.a]\n");
  t.listen.clear();
  t.Configure("[tables.a]\n");
  t.Start();
  REQUIRE(t.UntilState("a", "Idle"));
  CHECK_FALSE(Socket().ok());
}

TEST_CASE("a scheduler that does not answer is 503, and its late answer harms nobody") {
  std::promise<std::function<void(std::shared_ptr<View>)>> asked;
  std::atomic<int> questions = 0;
  auto source = [&](Ends ends, auto reader) {
    if (ends == Ends::kFresh && questions++ == 0) asked.set_value(std::move(reader));
  };
  auto server = HttpServer::Start(OwnAddress() + ":8081", {}, OperatorRoutes("1", {}), source, NoChronicle());
  REQUIRE(server.has_value());
  auto first = std::async(std::launch::async, [] { return Get("/health"); });
  auto second = std::async(std::launch::async, [] { return Get("/metrics"); });
  CHECK(Get("/nothing").starts_with("HTTP/1.1 404 "));
  CHECK(first.get().find("\"status\":\"down\"") != std::string::npos);
  CHECK(second.get().starts_with("HTTP/1.1 503 "));
  CHECK(questions == 1);
  auto reader = asked.get_future().get();
  auto third = std::async(std::launch::async, [] { return Get("/metrics"); });
  reader(SomeView());
  CHECK(third.get().starts_with("HTTP/1.1 200 "));
  server->reset();
  reader(SomeView());
  CHECK_FALSE(Socket().ok());
}

TEST_CASE("where to listen: names, v6, nonsense") {
  auto source = [](Ends, const auto& reader) { reader(SomeView()); };
  auto start = [&](const std::string& listen) {
    return HttpServer::Start(listen, {}, OperatorRoutes("1", {}), source, NoChronicle());
  };
  CHECK(start("203.0.113.1:8081").error().kind == ErrorKind::kInvalidConfig);
  CHECK(start("no host of this name:8081").error().kind == ErrorKind::kInvalidConfig);
  CHECK(start("no host of this name:8081").error().hint.find("[orchestrator] listen") != std::string::npos);
  auto server = start(OwnAddress() + ":8081");
  REQUIRE(server.has_value());
  CHECK(Get("/health").starts_with("HTTP/1.1 "));
  auto again = start(OwnAddress() + ":8081");
  CHECK(again.error().kind == ErrorKind::kTransient);
}

}  // namespace cdc::orchestrator
