// A table that is gone at the source while its events are still in Kafka.

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/postgres/postgres_server.h"
#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {

using nlohmann::json;

TEST_CASE(
    "events of a table that was dropped at the source are read as before, but for columns nobody knows") {
  postgres::Server server;
  server.Sql("CREATE TABLE dropped (id bigint PRIMARY KEY, amount numeric(6,2));");
  Changes changes("dropped");
  Pipeline pipeline;
  const std::string source = "dsn = \"" + server.dsn() + "\"\n";
  pipeline.Configure("[tables.dropped]\n", source);
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"amount", "AtU="}})});  // 7.25
  Ended ended = pipeline.Drain("dropped");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);

  server.Sql("DROP TABLE dropped;");
  pipeline.Send(changes.topic(), {changes.Update({{"id", 1}, {"amount", "A4Q="}})});  // 9.00
  ended = pipeline.Drain("dropped");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  CHECK(Column(Dump(pipeline, {"dropped"})["dropped"], "amount") == std::map<int64_t, json>{{1, "9.00"}});

  pipeline.Send(changes.topic(), {changes.Update({{"id", 1}, {"amount", "A4Q="}, {"more", "fQ=="}})});
  ended = pipeline.Drain("dropped");
  CHECK(ended.exit == 78);
  INFO(ended.report.reason);
  for (const char* part : {"dropped does not exist", ": more", "[tables.\"dropped\".columns]"})
    CHECK(ended.report.reason.find(part) != std::string::npos);
  pipeline.Configure("[tables.dropped.columns]\nmore = \"numeric(6,2)\"\n", source);
  ended = pipeline.Drain("dropped");
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 0);
  CHECK(Column(Dump(pipeline, {"dropped"})["dropped"], "more") == std::map<int64_t, json>{{1, "1.25"}});
}

}  // namespace cdc::worker
