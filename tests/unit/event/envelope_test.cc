#include "lib/event/envelope.h"

#include <catch2/catch_test_macros.hpp>
#include "tests/support/result_printing.h"

namespace cdc::event {
namespace {

TEST_CASE("an envelope is split with and without a schema") {
  EnvelopeParser parser;
  const std::string bare =
      R"({"before":null,"after":{"id":1},"source":{"schema":"public","table":"t","lsn":5},"op":"c"})";
  const std::string wrapped = R"({"schema":{"type":"struct"},"payload":)" + bare + "}";
  for (int repeat = 0; repeat < 2; ++repeat) {  // the second time by the remembered schema
    const auto one = parser.Parse(wrapped);
    REQUIRE(one);
    CHECK(one->op == Op::kCreate);
    CHECK(one->after == R"({"id":1})");
    CHECK(one->before.empty());
    CHECK(one->schema == R"({"type":"struct"})");
    CHECK(ParseSource(one->source)->lsn == 5);
  }
  const auto two = parser.Parse(bare);
  REQUIRE(two);
  CHECK(two->schema.empty());
  CHECK(two->after == R"({"id":1})");
  CHECK(parser.Parse(R"({"schema":null,"payload":null})")->is_tombstone);
}

TEST_CASE("a truncated or foreign message is a bad value, never a crash") {
  EnvelopeParser parser;
  const std::string whole =
      R"({"schema":{"type":"struct"},"payload":{"before":null,"after":{"id":1,"s":"ab\"c"},"source":{},"op":"u"}})";
  REQUIRE(parser.Parse(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = parser.Parse(std::string_view(whole).substr(0, size));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().kind == ErrorKind::kBadValue);
  }
  for (const char* text :
       {"", "[]", "7", "not json", R"({"op":"x"})", R"({"op":"c","after":null})", R"({"id":1})"}) {
    INFO(text);
    CHECK_FALSE(EnvelopeParser().Parse(text));
  }
}

TEST_CASE("keys are found with and without a schema, and in lenient headers") {
  EnvelopeParser parser;
  std::string_view schema;
  CHECK(*parser.ParseKey(R"({"id":1})", &schema) == R"({"id":1})");
  CHECK(schema.empty());
  CHECK(*parser.ParseKey(R"({"schema":{"fields":[]},"payload":{"id":1}})", &schema) == R"({"id":1})");
  CHECK(schema == R"({"fields":[]})");
  // A table whose key columns are called so.
  CHECK(*parser.ParseKey(R"({"schema":"x","payload":"y"})", &schema) == R"({"schema":"x","payload":"y"})");
  CHECK(*parser.ParseKey("{\"k\":\"a\tb\"}", &schema) == "{\"k\":\"a\tb\"}");
  CHECK_FALSE(parser.ParseKey("Struct{id=1}", &schema));
}

}  // namespace
}  // namespace cdc::event
