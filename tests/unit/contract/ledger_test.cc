#include "lib/contract/ledger.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include "lib/contract/control.h"
#include "lib/sqlite/database.h"
#include "tests/support/result_printing.h"

namespace cdc::contract {
namespace {

struct TempDir {
  TempDir() { path = ::mkdtemp(name); }
  ~TempDir() { std::filesystem::remove_all(path); }
  char name[32] = "/tmp/cdc_ledger_XXXXXX";
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("the ledger outlives its writer and is read beside it") {
  TempDir dir;
  auto path = dir.path / "state" / "ledger.db";
  CHECK(Ledger::OpenReadOnly(path).has_error());
  auto ledger = Ledger::Open(path);
  REQUIRE(ledger.has_value());
  TableRecord t{
      .table = "öğrenci", .state = "Held", .reason = "why", .hint = "what", .next_offsets = {{0, 5}}};
  t.crashes = 3;
  t.left_alone = 6;
  t.lag = 4;
  REQUIRE(ledger->Save({t, {.table = "a"}}).has_value());
  auto run = ledger->StartRun("a", 100, "create");
  REQUIRE(run.has_value());
  REQUIRE(ledger->SetPid(*run, 77).has_value());
  REQUIRE(ledger->EndRun({.id = *run, .table = "a", .end_ms = 200, .exit = "signal 9", .report = "{}"})
              .has_value());

  auto reader = Ledger::OpenReadOnly(path);
  REQUIRE(reader.has_value());
  auto tables = reader->Tables();
  REQUIRE(tables.has_value());
  REQUIRE(tables->size() == 2);
  CHECK((*tables)[0].lag == std::nullopt);
  CHECK((*tables)[1].crashes == 3);
  CHECK((*tables)[1].left_alone == 6);
  CHECK((*tables)[1].next_offsets == PartitionOffsets{{0, 5}});
  CHECK(reader->FindTable("öğrenci")->state == "Held");
  CHECK(reader->FindTable("b").error().kind == ErrorKind::kNotFound);
  auto runs = reader->Runs("a", 10);
  REQUIRE(runs->size() == 1);
  CHECK((*runs)[0].pid == 77);
  CHECK((*runs)[0].exit == "signal 9");
  auto status = DecodeStatus(EncodeStatus(*tables, 9));
  REQUIRE(status.has_value());
  CHECK((*status)[1].reason == "why");
  CHECK(EncodeStatus(*status, 9) == EncodeStatus(*tables, 9));
}

TEST_CASE("a ledger of the version before is read as it is, and brought up to date when it is opened") {
  TempDir dir;
  const auto path = dir.path / "ledger.db";
  REQUIRE(Ledger::Open(path)->Save({{.table = "a", .rows = 4, .fingerprint = "f"}}).has_value());
  {
    auto db = sqlite::Database::Open(path.string(), {});
    REQUIRE(db.has_value());
    REQUIRE(db->Exec("ALTER TABLE tables DROP COLUMN left_alone").has_value());
    REQUIRE(db->SetUserVersion(1).has_value());
  }
  for (const bool opened : {false, true}) {
    if (opened) REQUIRE(Ledger::Open(path).has_value());
    const auto reader = Ledger::OpenReadOnly(path);
    REQUIRE(reader.has_value());
    const auto table = reader->FindTable("a");
    REQUIRE(table.has_value());
    CHECK(table->rows == 4);
    CHECK(table->fingerprint == "f");
    CHECK(table->left_alone == 0);
    CHECK(reader->Tables()->size() == 1);
  }
  auto ledger = Ledger::Open(path);
  REQUIRE(ledger->Save({{.table = "a", .left_alone = 3}}).has_value());
  CHECK(ledger->FindTable("a")->left_alone == 3);
}

TEST_CASE("old runs are pruned per table") {
  TempDir dir;
  auto ledger = Ledger::Open(dir.path / "ledger.db");
  for (int i = 0; i < 5; ++i) REQUIRE(ledger->StartRun("a", i, "").has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(ledger->StartRun("b", i, "").has_value());
  REQUIRE(ledger->Prune("b", 3).has_value());
  REQUIRE(ledger->Prune("a", 2).has_value());
  CHECK(ledger->Runs("a", 10)->size() == 2);
  CHECK(ledger->Runs("a", 10)->front().start_ms == 4);
  CHECK(ledger->Runs("b", 10)->size() == 3);
}

TEST_CASE("failed runs of all tables are found among those that did well or still run") {
  TempDir dir;
  auto ledger = Ledger::Open(dir.path / "ledger.db");
  CHECK(ledger->FailedRuns(10)->empty());
  int i = 0;
  for (const char* exit : {"78", "0", "signal 9", ""}) {
    const auto id = ledger->StartRun(i % 2 == 0 ? "a" : "b", 1, "");
    ++i;
    if (*exit != 0)
      REQUIRE(ledger->EndRun({.id = *id, .end_ms = 100 + i, .exit = exit, .reason = "why"}).has_value());
  }
  const auto failed = ledger->FailedRuns(10);
  REQUIRE(failed->size() == 2);
  CHECK(failed->front().exit == "signal 9");
  CHECK(failed->back().table == "a");
  CHECK(failed->back().reason == "why");
  CHECK(ledger->FailedRuns(1)->size() == 1);
}

TEST_CASE("a run whose orchestrator died ends when the table's next one starts") {
  TempDir dir;
  auto ledger = Ledger::Open(dir.path / "ledger.db");
  REQUIRE(ledger.has_value());
  REQUIRE(ledger->StartRun("a", 100, "").has_value());
  REQUIRE(ledger->StartRun("b", 100, "").has_value());
  REQUIRE(ledger->StartRun("a", 300, "").has_value());
  const auto runs = ledger->Runs("a", 10);
  CHECK(runs->back().end_ms == 300);
  CHECK(runs->back().exit == "lost");
  CHECK(runs->front().end_ms == 0);
  CHECK(ledger->Runs("b", 10)->front().end_ms == 0);
}

TEST_CASE("a damaged ledger says what to do") {
  TempDir dir;
  auto path = dir.path / "ledger.db";
  std::ofstream(path) << std::string(8192, 'x');
  auto ledger = Ledger::Open(path);
  REQUIRE(ledger.has_error());
  CHECK(ledger.error().kind == ErrorKind::kCorrupt);
  CHECK(ledger.error().hint.find("move") == 0);
}

TEST_CASE("a damaged ledger is moved aside and a new one begun; a newer program's is left alone") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / "cdc-damaged-ledger";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const fs::path path = folder / "ledger.db";
  std::ofstream(path) << std::string(8'192, 'x');
  fs::path aside;
  {
    auto ledger = Ledger::OpenOrReplace(path, &aside);
    REQUIRE(ledger);
    CHECK(fs::file_size(aside) == 8'192);
    CHECK(ledger->Tables()->empty());
  }
  aside.clear();
  REQUIRE(Ledger::OpenOrReplace(path, &aside));
  CHECK(aside.empty());
  {
    auto db = sqlite::Database::Open(path.string());
    REQUIRE(db);
    REQUIRE(db->SetUserVersion(99));
  }
  CHECK_FALSE(Ledger::OpenOrReplace(path, &aside));
  CHECK(fs::exists(path));
  fs::remove_all(folder);
}

TEST_CASE("control lines survive the trip") {
  auto request = DecodeRequest(EncodeRequest({ControlCommand::kTrigger, "t"}));
  REQUIRE(request.has_value());
  CHECK(request->table == "t");
  CHECK(DecodeRequest("{\"command\":\"trigger\"}").has_error());
  CHECK(DecodeRequest("{}").has_error());
  CHECK(*DecodeAnswer(EncodeAnswer(std::string("[1]"))) == "[1]");
  auto error = DecodeAnswer(EncodeAnswer(Error{ErrorKind::kConflict, "m", "h"}));
  REQUIRE(error.has_error());
  CHECK(error.error().kind == ErrorKind::kConflict);
  CHECK(error.error().hint == "h");
  CHECK(AskOrchestrator("/tmp/cdc-no-such.sock", {ControlCommand::kStatus}).error().kind ==
        ErrorKind::kNotFound);
}

}  // namespace cdc::contract
