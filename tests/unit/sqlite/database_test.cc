#include "lib/sqlite/database.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/unit/sqlite/fixture.h"

namespace cdc::sqlite {
namespace {

using testing::Ok;
using testing::TempDir;

Options Impatient() {
  Options options;
  options.busy_timeout = Millis(1);
  return options;
}

TEST_CASE("values survive binding, storing and reading") {
  TempDir dir;
  auto db = Database::Open(dir / "a.db");
  REQUIRE(Ok(db));
  REQUIRE(Ok(db->Exec("CREATE TABLE t (a TEXT, b INTEGER, c REAL, d BLOB, e TEXT)")));
  auto insert = db->Prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  REQUIRE(Ok(insert));
  REQUIRE(Ok(insert->Bind(1, std::string("a\0b", 3))));
  REQUIRE(Ok(insert->Bind(2, int64_t{1} << 60)));
  REQUIRE(Ok(insert->Bind(3, 0.5)));
  REQUIRE(Ok(insert->BindBlob(4, std::string_view("\xff\x00", 2))));
  REQUIRE(Ok(insert->Bind(5, std::optional<std::string>())));
  REQUIRE(Ok(insert->Run()));
  REQUIRE(db->changes() == 1);
  auto query = db->Prepare("SELECT a, b, c, d, e FROM t");
  REQUIRE(Ok(query));
  REQUIRE(query->Step().value());
  CHECK(query->text(0) == std::string("a\0b", 3));
  CHECK(query->int64(1) == int64_t{1} << 60);
  CHECK(query->real(2) == 0.5);
  CHECK(query->text(3) == std::string("\xff\x00", 2));
  CHECK_FALSE(query->optional_text(4).has_value());
  CHECK_FALSE(query->Step().value());
}

TEST_CASE("an uncommitted transaction leaves nothing") {
  TempDir dir;
  auto db = Database::Open(dir / "a.db");
  REQUIRE(Ok(db));
  REQUIRE(Ok(db->Exec("CREATE TABLE t (a INTEGER)")));
  {
    auto transaction = Transaction::Begin(*db);
    REQUIRE(Ok(transaction));
    REQUIRE(Ok(db->Exec("INSERT INTO t VALUES (1)")));
  }
  {
    auto transaction = Transaction::Begin(*db);
    REQUIRE(Ok(transaction));
    REQUIRE(Ok(db->Exec("INSERT INTO t VALUES (2)")));
    REQUIRE(Ok(transaction->Commit()));
  }
  auto query = db->Prepare("SELECT a FROM t");
  REQUIRE(query->Step().value());
  CHECK(query->int64(0) == 2);
  CHECK_FALSE(query->Step().value());
}

TEST_CASE("a second writer gets a transient error that names the file") {
  TempDir dir;
  const std::string path = dir / "locked.db";
  auto first = Database::Open(path, Impatient());
  auto second = Database::Open(path, Impatient());
  REQUIRE(Ok(first));
  REQUIRE(Ok(second));
  auto held = Transaction::Begin(*first);
  REQUIRE(Ok(held));
  auto refused = Transaction::Begin(*second);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kTransient);
  CHECK(refused.error().hint.find(path) != std::string::npos);
}

TEST_CASE("a file that is no database is corrupt, a missing folder a configuration error") {
  TempDir dir;
  std::ofstream(dir / "junk.db") << std::string(8192, 'x');
  auto junk = Database::Open(dir / "junk.db");
  REQUIRE_FALSE(junk.has_value());
  CHECK(junk.error().kind == ErrorKind::kCorrupt);

  auto nowhere = Database::Open(dir / "no/such.db");
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().kind == ErrorKind::kInvalidConfig);

  Options reader;
  reader.read_only = true;
  auto absent = Database::Open(dir / "absent.db", reader);
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the schema version is kept in the file") {
  TempDir dir;
  {
    auto db = Database::Open(dir / "a.db");
    REQUIRE(db->user_version().value() == 0);
    REQUIRE(Ok(db->SetUserVersion(7)));
  }
  auto again = Database::Open(dir / "a.db");
  CHECK(again->user_version().value() == 7);
}

TEST_CASE("bad SQL is the program's mistake") {
  TempDir dir;
  auto db = Database::Open(dir / "a.db");
  auto statement = db->Prepare("SELEKT 1");
  REQUIRE_FALSE(statement.has_value());
  CHECK(statement.error().kind == ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace cdc::sqlite
