#include "jobs/source/event_key.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::source {

using Names = std::vector<std::string>;

TEST_CASE(
    "members of a key that are no columns of the row are a router's, where one is known to be at work") {
  const std::set<std::string> row = {"id", "v"};
  CHECK(KeyOfRow({"id"}, row, false) == Names{"id"});
  CHECK(KeyOfRow({std::string(kRouterField), "id"}, row, false) == Names{"id"});
  CHECK(KeyOfRow({"shard", "id"}, row, true) == Names{"id"});
  // A column that the connector leaves out of the row still tells rows apart.
  CHECK(KeyOfRow({"tenant", "id"}, row, false) == Names{"tenant", "id"});
  CHECK(KeyOfRow({"a", "b"}, row, true) == Names{"a", "b"});
}

TEST_CASE("the old image is believed where the message's key confirms it") {
  const Names id = {"id"}, both = {"b", "a"};
  CHECK(IsKeyOfBefore("Struct{id=0}", R"({"id":0})", id, ""));
  CHECK(IsKeyOfBefore("0", R"({"id":0})", id, ""));
  CHECK(IsKeyOfBefore(R"({"schema":{"type":"int32"},"payload":0})", R"({"id":0})", id, ""));
  CHECK(IsKeyOfBefore(R"("")", R"({"id":""})", id, ""));
  CHECK(IsKeyOfBefore("Struct{a=0,b=}", R"({"a":0,"b":""})", both, ""));
  CHECK_FALSE(IsKeyOfBefore("Struct{id=1}", R"({"id":0})", id, ""));
  CHECK_FALSE(IsKeyOfBefore("Struct{a=0}", R"({"a":0,"b":""})", both, ""));
  // A text that looks like a further column.
  CHECK_FALSE(IsKeyOfBefore("Struct{note=x,b=}", R"({"b":""})", {"b"}, ""));
}

TEST_CASE("without that it is believed only where none of its values can be a filling") {
  const Names key = {"code"};
  const char* avro = "\x01\x02";
  CHECK(IsKeyOfBefore(avro, R"({"code":"x"})", key, ""));
  CHECK(IsKeyOfBefore(avro, R"({"code":-1})", key, ""));
  CHECK(IsKeyOfBefore(avro, R"({"code":true})", key, ""));
  for (const char* filling :
       {"null", "0", "0.0", "\"\"", "false", "\"AA==\"", "\"1970-01-01T00:00:00Z\"", "\"00:00:00\"",
        "\"0.00\"", "[]", "{}", "\"{}\"", "\"00000000-0000-0000-0000-000000000000\""}) {
    INFO(filling);
    CHECK_FALSE(IsKeyOfBefore(avro, std::string("{\"id\":7,\"code\":") + filling + "}", key, ""));
  }
  CHECK_FALSE(IsKeyOfBefore(avro, R"({"id":7})", key, ""));
  CHECK_FALSE(IsKeyOfBefore(avro, "no JSON", key, ""));
  CHECK_FALSE(IsKeyOfBefore(avro, R"({"code":"x","n":0})", {"code", "n"}, ""));
}

TEST_CASE("a column's default, which the embedded schema tells, is a filling") {
  const char* schema =
      R"({"fields":[{"field":"before","fields":[{"field":"id"},{"field":"code","default":"none"}]}]})";
  CHECK_FALSE(IsKeyOfBefore("x", R"({"code":"none"})", {"code"}, schema));
  CHECK(IsKeyOfBefore("x", R"({"code":"some"})", {"code"}, schema));
}

}  // namespace cdc::source
