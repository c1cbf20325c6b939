#include "lib/postgres/row_counter.h"

#include <fmt/core.h>
#include <catch2/catch_test_macros.hpp>

#include "tests/component/postgres/postgres_server.h"

namespace cdc::postgres {
namespace {

constexpr Millis kPatience(10'000);

TEST_CASE("Rows are counted, names are taken as they are", "[postgres]") {
  Server server;
  server.Sql(R"(
    CREATE SCHEMA "Odd ""Schema";
    CREATE TABLE "Odd ""Schema"."Table; DROP TABLE x" (a int);
    INSERT INTO "Odd ""Schema"."Table; DROP TABLE x" SELECT generate_series(1, 1234);
    CREATE TABLE parts (a int) PARTITION BY RANGE (a);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
    INSERT INTO parts SELECT generate_series(0, 19);
    CREATE TABLE empty (a int);
    CREATE VIEW slow AS SELECT pg_sleep(60)::text;
    CREATE ROLE reader LOGIN; GRANT SELECT ON empty TO reader;)");

  auto counter = RowCounter::Connect(server.dsn());
  REQUIRE(counter.has_value());
  CHECK(counter->Count("Odd \"Schema", "Table; DROP TABLE x", kPatience).value() == 1234);
  CHECK(counter->Count("public", "parts", kPatience).value() == 20);
  CHECK(counter->Count("public", "empty", kPatience).value() == 0);
  CHECK(counter->Count("public", "none", kPatience).error().kind == ErrorKind::kNotFound);
  CHECK(counter->Count("none", "parts", kPatience).error().kind == ErrorKind::kNotFound);
  const auto late = counter->Count("public", "slow", Millis(50));
  REQUIRE(late.has_error());
  CHECK(late.error().kind == ErrorKind::kTransient);
  CHECK(late.error().message.find("public.slow") != std::string::npos);
  // The connection is good after each of them.
  server.Sql("INSERT INTO empty VALUES (1), (2)");
  CHECK(counter->Count("public", "empty", kPatience).value() == 2);

  auto reader = RowCounter::Connect(server.dsn() + " user=reader");
  REQUIRE(reader.has_value());
  CHECK(reader->Count("public", "empty", kPatience).value() == 2);
  const auto refused = reader->Count("public", "parts", kPatience);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == ErrorKind::kInvalidConfig);
  CHECK(refused.error().hint.find("SELECT") != std::string::npos);

  server.Stop();
  CHECK(counter->Count("public", "empty", kPatience).error().kind == ErrorKind::kTransient);
  CHECK(RowCounter::Connect(server.dsn()).error().kind == ErrorKind::kTransient);
}

TEST_CASE("Counting with a connection string that is none is a configuration error") {
  CHECK(RowCounter::Connect("colour=red").error().kind == ErrorKind::kInvalidConfig);
}

}  // namespace
}  // namespace cdc::postgres
