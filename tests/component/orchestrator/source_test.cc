/// How the capture of changes is, told by a scripted Kafka Connect and a real PostgreSQL.

#include <csignal>

#include "lib/contract/overview.h"
#include "lib/contract/verdict.h"
#include "lib/inspection/source_question.h"
#include "tests/component/orchestrator/orchestrator_bench.h"
#include "tests/component/postgres/postgres_server.h"
#include "tests/support/scripted_server.h"

namespace cdc::orchestrator {
namespace {

using nlohmann::json;

/// Kafka Connect's answer about one connector with one task.
json Connect(const std::string& connector, const std::string& task, const std::string& trace = "") {
  const json one = {
      {"status",
       {{"connector", {{"state", connector}}}, {"tasks", {{{"id", 0}, {"state", task}, {"trace", trace}}}}}},
      {"info",
       {{"config", {{"topic.prefix", "p"}, {"slot.name", "cdc_slot"}, {"database.password", "hunter2"}}}}}};
  return {{"status", 200}, {"body", json({{"mine", one}}).dump()}};
}

/// The only reason; "none" and "several" where there is not one.
std::string Only(const contract::SourceFacts& facts) {
  const auto reasons = contract::JudgeSource(facts);
  return reasons.empty() ? "none" : reasons.size() > 1 ? "several" : reasons[0].code + ": " + reasons[0].text;
}

config::Source AskConnectAt(const std::string& url) {
  config::Source source;
  source.topic_prefix = "p";
  source.connect_url = url;
  return source;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A reader of a slot: `pg_recvlogical` until the end of this object.
class SlotReader {
 public:
  explicit SlotReader(const postgres::Server& server) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const std::string folder = fs::path(server.socket()).parent_path();
    ::execl("/usr/lib/postgresql/15/bin/pg_recvlogical", "pg_recvlogical", "-h", folder.c_str(), "-U", "cdc",
            "-d", "postgres", "--slot", "cdc_slot", "--start", "-f", "/dev/null", nullptr);
    ::_exit(127);
  }
  ~SlotReader() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  SlotReader(const SlotReader&) = delete;

 private:
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("Kafka Connect's connector and tasks: what they say is what is told") {
  ScriptedServer server;
  const config::Source source = AskConnectAt(server.url());
  server.Answer({Connect("RUNNING", "RUNNING"),
                 Connect("RUNNING", "FAILED", "org.x.Gone: no slot\n\tat a\n"),
                 Connect("PAUSED", "PAUSED"),
                 {{"status", 404}, {"body", "no such\npage"}},
                 {{"body", "<html>"}},
                 {{"fault", "close"}}});
  CHECK(Only(inspection::AskSource(source)) == "none");
  CHECK(Only(inspection::AskSource(source)) == "connector: task 0 of connector mine is FAILED: org.x.Gone: no slot");
  CHECK(Only(inspection::AskSource(source)) == "connector: connector mine is PAUSED");
  CHECK(Has(Only(inspection::AskSource(source)), "answered 404: no such"));
  CHECK(Has(Only(inspection::AskSource(source)), "not the answer of Kafka Connect: <html>"));
  CHECK(Has(Only(inspection::AskSource(source)), "connect_away"));
  const json requests = server.Requests();
  REQUIRE(requests.size() >= 6);
  CHECK(requests[0]["target"] == "/connectors?expand=status&expand=info");
  const std::string refused = Only(inspection::AskSource(AskConnectAt("http://user:hunter2@127.0.0.1:1")));
  INFO(refused);
  CHECK(Has(refused, "connect_away: Kafka Connect does not answer"));
  CHECK_FALSE(Has(refused, "hunter2"));
}

TEST_CASE("Kafka Connect that hangs is waited for a few seconds, not longer") {
  ScriptedServer server;
  server.Answer({{{"fault", "hang"}}});
  const auto begin = std::chrono::steady_clock::now();
  CHECK(Has(Only(inspection::AskSource(AskConnectAt(server.url()))), "connect_away"));
  CHECK(std::chrono::steady_clock::now() - begin < seconds(9));
}

TEST_CASE("PostgreSQL's slot: none, inactive, read, with too much WAL; and the server away", "[postgres]") {
  postgres::Server server;
  server.Sql(
      "ALTER SYSTEM SET wal_level = logical; ALTER SYSTEM SET min_wal_size = '32MB'; "
      "ALTER SYSTEM SET max_wal_size = '32MB';");
  server.Stop();
  server.Start();
  config::Source source;
  source.topic_prefix = "p";
  source.dsn = server.dsn() + " password=hunter2";
  CHECK(Only(inspection::AskSource(source)) ==
        "slot: database postgres has no logical replication slot: nothing captures its changes");
  server.Sql("SELECT pg_create_logical_replication_slot('cdc_slot', 'test_decoding')");
  CHECK(Only(inspection::AskSource(source)) == "slot: replication slot cdc_slot is inactive: nobody reads the changes");
  {
    const SlotReader reader(server);
    CHECK(OrchestratorBench::Until([&] { return Only(inspection::AskSource(source)) == "none"; }));
  }
  CHECK(OrchestratorBench::Until([&] { return Has(Only(inspection::AskSource(source)), "inactive"); }));
  server.Sql("CREATE TABLE t (a int)");
  for (int i = 0; i < 4; ++i) server.Sql("INSERT INTO t VALUES (1); SELECT pg_switch_wal();");
  const auto reasons = contract::JudgeSource(inspection::AskSource(source));
  REQUIRE(reasons.size() == 2);
  CHECK(reasons[0].code == "slot");
  CHECK(reasons[1].code == "wal_held");
  CHECK(Has(reasons[1].text, "more than 32 MB"));
  server.Stop();
  const std::string away = Only(inspection::AskSource(source));
  INFO(away);
  CHECK(Has(away, "database_away: Connecting to PostgreSQL"));
  CHECK_FALSE(Has(away, "hunter2"));
  source.dsn = "host=127.0.0.1 password=hunter2 colour=red";
  CHECK_FALSE(Has(Only(inspection::AskSource(source)), "hunter2"));
}

TEST_CASE("a failed connector is in the status, in /health and in /metrics, and goes when it is well") {
  ScriptedServer server;
  json answers = json::array();
  for (int i = 0; i < 2; ++i) answers.push_back(Connect("RUNNING", "FAILED", "org.x.Gone: no slot"));
  for (int i = 0; i < 50; ++i) answers.push_back(Connect("RUNNING", "RUNNING"));
  server.Answer(answers);
  OrchestratorBench t("[tables.a]\n");
  t.source_lines = "connect_url = \"" + server.url() + "\"\n";
  t.Configure("[tables.a]\n");
  t.Start();
  const auto overview = [&] {
    const auto answer = contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kOverview});
    return answer ? *contract::DecodeOverview(*answer) : contract::Overview();
  };
  REQUIRE(OrchestratorBench::Until([&] { return overview().source == "silent"; }));
  CHECK(overview().verdict.level == contract::Level::kAttention);
  CHECK(overview().pid == t.pid);
  const std::string out = (t.folder / "page").string();
  const auto get = [&](const std::string& path) {
    (void)std::system(fmt::format("curl -s -o {} http://{}{}", out, t.listen, path).c_str());
    return t.Read(out);
  };
  const std::string health = get("/health"), metrics = get("/metrics");
  INFO(health);
  CHECK(Has(health, "\"status\":\"degraded\""));
  CHECK(Has(health, "task 0 of connector mine is FAILED: org.x.Gone: no slot"));
  CHECK(Has(metrics, "\ncdc_health 1\n"));
  CHECK(Has(metrics, "\ncdc_source_ok 0\n"));
  CHECK(Has(metrics, "cdc_problems{kind=\"connector\"} 1\n"));
  CHECK(t.Logged("task 0 of connector mine is FAILED"));
  REQUIRE(OrchestratorBench::Until([&] { return overview().source == "ok"; }, seconds(40)));
  CHECK(Has(get("/health"), "\"status\":\"ok\""));
  CHECK(Has(get("/metrics"), "\ncdc_health 0\n"));
  t.Kill(SIGTERM);
}

TEST_CASE("Kafka away is in all three, with what it answered") {
  OrchestratorBench t("[tables.a]\n");
  t.Start();
  const auto overview = [&] {
    const auto answer = contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kOverview});
    return answer ? *contract::DecodeOverview(*answer) : contract::Overview();
  };
  REQUIRE(OrchestratorBench::Until([&] { return overview().kafka == "ok"; }));
  t.broker.reset();
  REQUIRE(OrchestratorBench::Until([&] { return overview().kafka == "away"; }, seconds(60)));
  const auto all = overview();
  REQUIRE(all.verdict.reasons.size() == 1);
  CHECK(all.verdict.reasons[0].code == "kafka_away");
  CHECK(all.verdict.reasons[0].since_ms > 0);
  CHECK(all.verdict.reasons[0].text.size() > std::string("Kafka does not answer: ").size());
  t.Kill(SIGKILL);
}

}  // namespace cdc::orchestrator
