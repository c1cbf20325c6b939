#include "lib/postgres/source_table.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <catch2/catch_test_macros.hpp>

namespace cdc::postgres {
namespace {

/// A cluster of its own in a temporary folder, reachable through a unix socket only.
class Server {
 public:
  Server() {
    char name[] = "/tmp/cdc-postgres-XXXXXX";
    folder_ = mkdtemp(name);
    if (getuid() == 0) Run(fmt::format("chown nobody {}", folder_));
    Run(AsUser(fmt::format("{}/initdb -D {}/data -U cdc -A trust -E UTF8 --no-sync", kBin, folder_)));
    Run(AsUser(fmt::format("{}/pg_ctl -D {}/data -w -l {}/log -o \"-k {} -c listen_addresses=\" start", kBin,
                           folder_, folder_, folder_)));
  }
  ~Server() {
    Stop();
    std::filesystem::remove_all(folder_);
  }
  void Stop() {
    if (!stopped_) Run(AsUser(fmt::format("{}/pg_ctl -D {}/data -m immediate stop", kBin, folder_)));
    stopped_ = true;
  }
  void Sql(const std::string& statements) {
    const std::string file = folder_ + "/statements.sql";
    std::ofstream(file) << statements;
    Run(fmt::format("psql -q -v ON_ERROR_STOP=1 -h {} -U cdc -d postgres -f {}", folder_, file));
  }
  std::string dsn() const { return fmt::format("host={} user=cdc dbname=postgres", folder_); }

 private:
  static constexpr const char* kBin = "/usr/lib/postgresql/15/bin";
  static std::string AsUser(const std::string& command) {
    return getuid() == 0
               ? fmt::format("cd / && setpriv --reuid=nobody --regid=nogroup --clear-groups {}", command)
               : command;
  }
  static void Run(const std::string& command) {
    INFO(command);
    REQUIRE(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
  }
  std::string folder_;
  bool stopped_ = false;
};

TEST_CASE("A source table as PostgreSQL describes it", "[.integration]") {
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
