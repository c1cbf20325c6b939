#include "lib/postgres/source_table.h"

#include <fmt/core.h>
#include <catch2/catch_test_macros.hpp>

#include "tests/component/postgres/postgres_server.h"

namespace cdc::postgres {
namespace {

TEST_CASE("A source table as PostgreSQL describes it", "[postgres]") {
  Server server;
  server.Sql(R"(
    CREATE DOMAIN short AS varchar(5) NOT NULL;
    CREATE DOMAIN shorter AS short;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE SCHEMA "Odd Schema";
    CREATE TABLE "Odd Schema"."Table-1" (
      gone int, id bigint, "Name x" varchar(40), gpa numeric(3,2), born timestamptz(3), tags text[], code shorter,
      m mood, part int NOT NULL, PRIMARY KEY (part, id));
    ALTER TABLE "Odd Schema"."Table-1" DROP COLUMN gone;
    CREATE TABLE full_one (a int); ALTER TABLE full_one REPLICA IDENTITY FULL;
    CREATE TABLE by_index (a int NOT NULL, b int NOT NULL, c int);
    CREATE UNIQUE INDEX ui ON by_index (b, a) INCLUDE (c); ALTER TABLE by_index REPLICA IDENTITY USING INDEX ui;)");

  auto odd = Describe(server.dsn(), "Odd Schema", "Table-1");
  REQUIRE(odd.has_value());
  std::string text;
  for (const auto& c : odd->columns)
    text += fmt::format("{} {}:{}{};", c.position, c.name, c.type, c.nullable ? "?" : "");
  CHECK(text ==
        "2 id:bigint;3 Name x:character varying(40)?;4 gpa:numeric(3,2)?;5 born:timestamp(3) with time zone?;"
        "6 tags:text[]?;7 code:character varying(5);8 m:mood?;9 part:integer;");
  CHECK(odd->primary_key == std::vector<std::string>{"part", "id"});
  CHECK(odd->replica_identity == ReplicaIdentity::kDefault);

  auto full = Describe(server.dsn(), "public", "full_one");
  REQUIRE(full.has_value());
  CHECK(full->replica_identity == ReplicaIdentity::kFull);
  CHECK(full->primary_key.empty());

  auto by_index = Describe(server.dsn(), "public", "by_index");
  REQUIRE(by_index.has_value());
  CHECK(by_index->replica_identity == ReplicaIdentity::kIndex);
  CHECK(by_index->identity_index_key == std::vector<std::string>{"b", "a"});

  CHECK(Describe(server.dsn(), "public", "none").error().kind == ErrorKind::kNotFound);
  CHECK(Describe(server.dsn() + "x", "public", "full_one").error().kind == ErrorKind::kInvalidConfig);
  server.Stop();
  CHECK(Describe(server.dsn(), "public", "full_one").error().kind == ErrorKind::kTransient);
}

TEST_CASE("A connection string that is none is a configuration error") {
  CHECK(Describe("no such words", "public", "t").error().kind == ErrorKind::kInvalidConfig);
  CHECK(Describe("colour=red", "public", "t").error().message.find("colour") != std::string::npos);
}

TEST_CASE("No server is transient") {
  CHECK(Describe("host=127.0.0.1 port=1 user=x dbname=x", "public", "t").error().kind ==
        ErrorKind::kTransient);
}

}  // namespace
}  // namespace cdc::postgres
