#include "jobs/sink/postgres/target_type.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::postgres_sink {
namespace {

using rows::Type;
using rows::TypeKind;

std::string WordsFor(const Type& type, const std::string& source_type, bool exists = true) {
  rows::Field field;
  field.type = type;
  field.source_type = source_type;
  return TypeFor(field, exists).words;
}

}  // namespace

TEST_CASE("a column has the source's type where its values can be written into it") {
  CHECK(WordsFor(Type::Of(TypeKind::kInt), "smallint") == "smallint");
  CHECK(WordsFor(Type::Of(TypeKind::kString), "character varying(20)") == "character varying(20)");
  CHECK(WordsFor(Type::Of(TypeKind::kTime), "time(3) without time zone") == "time(3) without time zone");
  CHECK(WordsFor(Type::Of(TypeKind::kString), "hr.mood") == "hr.mood");
  CHECK(WordsFor(Type::ListOf(Type::Of(TypeKind::kInt)), "integer[]") == "integer[]");
  CHECK(WordsFor(Type::Decimal(12, 2), "numeric(12,2)") == "numeric(12,2)");
}

TEST_CASE("otherwise it has one that holds every value of the row's type") {
  CHECK(WordsFor(Type::Of(TypeKind::kLong), "") == "bigint");
  CHECK(WordsFor(Type::Of(TypeKind::kLong), "interval") == "bigint");
  CHECK(WordsFor(Type::Of(TypeKind::kString), "hstore") == "text");
  CHECK(WordsFor(Type::Of(TypeKind::kString), "point") == "text");
  CHECK(WordsFor(Type::Of(TypeKind::kString), "mood", false) == "text");
  CHECK(WordsFor(Type::Of(TypeKind::kBinary), "bit varying(20)") == "bytea");
  CHECK(WordsFor(Type::Of(TypeKind::kLong), "bigserial") == "bigint");
  CHECK(WordsFor(Type::ListOf(Type::Decimal(9, 1)), "") == "numeric(9,1)[]");
}

TEST_CASE("words that could end a statement are none of a type") {
  CHECK(AreWordsOfType("numeric(12,2)[]"));
  CHECK(AreWordsOfType("\"Mixed Case\""));
  for (const char* words : {"", "text; DROP TABLE t", "text'", "text\n", "text/*"}) {
    INFO(words);
    CHECK_FALSE(AreWordsOfType(words));
  }
  CHECK(WordsFor(Type::Of(TypeKind::kString), "text; DROP TABLE t") == "text");
}

}  // namespace cdc::postgres_sink
