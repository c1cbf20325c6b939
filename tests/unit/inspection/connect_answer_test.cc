/// Answers of Kafka Connect's REST interface, as 3.9 and 4.x give them.

#include "lib/inspection/connect_answer.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::inspection {
namespace {

constexpr const char* kAnswer = R"({
 "mine":{"status":{"name":"mine","connector":{"state":"RUNNING","worker_id":"w"},
   "tasks":[{"id":0,"state":"FAILED","worker_id":"w","trace":"org.x.DataException: gone\n\tat y\n"}],"type":"source"},
  "info":{"name":"mine","config":{"topic.prefix":"p","slot.name":"my_slot","database.password":"hunter2"},"tasks":[]}},
 "old":{"status":{"connector":{"state":"PAUSED"},"tasks":[]},"info":{"config":{"database.server.name":"p"}}},
 "sink":{"status":{"connector":{"state":"FAILED","trace":"hunter2"},"tasks":[]},"info":{"config":{"topics":"p"}}}})";

}  // namespace

TEST_CASE("connectors of the prefix, their tasks and slots are read, others counted") {
  const auto facts = ReadConnectors(kAnswer, "p");
  REQUIRE(facts.has_value());
  CHECK(facts->asked);
  CHECK(facts->others == 1);
  REQUIRE(facts->connectors.size() == 2);
  const auto& mine = facts->connectors[0];
  CHECK(mine.name == "mine");
  CHECK(mine.state == "RUNNING");
  CHECK(mine.slot == "my_slot");
  REQUIRE(mine.tasks.size() == 1);
  CHECK(mine.tasks[0].state == "FAILED");
  CHECK(mine.tasks[0].trace == "org.x.DataException: gone");
  CHECK(facts->connectors[1].slot == "debezium");
  CHECK(facts->connectors[1].state == "PAUSED");
}

TEST_CASE("what is no answer of Kafka Connect is said to be none") {
  for (const char* body :
       {"", "<html>", "[]", "7", R"({"a":7})", R"({"a":{}})", R"({"a":{"status":7,"info":7}})",
        R"({"a":{"status":{"tasks":[7]},"info":{"config":{"topic.prefix":"p"}}}})"}) {
    INFO(body);
    const auto facts = ReadConnectors(body, "p");
    REQUIRE(facts.has_error());
    CHECK(facts.error().kind == ErrorKind::kCorrupt);
  }
  CHECK(ReadConnectors("{}", "p")->connectors.empty());
}

TEST_CASE("a trace is its first line, and not endless") {
  CHECK(FirstLine("a\r\nb") == "a");
  CHECK(FirstLine(std::string(10'000, 'x')).size() == 300);
}

}  // namespace cdc::inspection
