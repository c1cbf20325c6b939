/// cdc verify with a real PostgreSQL, a real broker and Iceberg tables whose manifests tell their rows.

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <future>

#include <nlohmann/json.hpp>

#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"
#include "lib/contract/offsets.h"
#include "lib/iceberg/live_files.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "lib/kafka/producer.h"
#include "lib/sqlite/database.h"
#include "tests/component/cli/cli_fixture.h"
#include "tests/component/postgres/postgres_server.h"

namespace cdc::cli {
namespace {

struct World {
  explicit World(const std::string& dsn) {
    const char* tables =
        "[tables.faculty]\n[tables.\"hr.employee\"]\n[tables.program]\n"
        "[tables.audit]\nmode = \"append\"\n";
    folder.Write("tables.toml", ConfigText(broker.servers(), tables,
                                           "schemas = [\"public\", \"hr\"]\ndsn = \"" + dsn + "\"\n"));
    catalog = std::move(iceberg::MakeSqliteCatalog({.path = folder.path() / "catalog.db",
                                                    .name = "iceberg_catalog",
                                                    .warehouse = folder.path() / "warehouse"},
                                                   *files)
                            .value());
    REQUIRE(catalog->EnsureNamespace("university").has_value());
  }

  void MakeTable(const std::string& name) {
    rows::Schema schema;
    schema.fields.push_back({});
    schema.fields.back().name = "id";
    schema.fields.back().type = rows::Type::Of(rows::TypeKind::kLong);
    REQUIRE(catalog->CreateTable({"university", name}, schema, "", {}).has_value());
  }

  /// A snapshot with one data file more, and of its rows some deleted.
  void Commit(const std::string& name, int64_t rows, int64_t deleted, int64_t next) {
    const iceberg::TableIdent ident{"university", name};
    const auto table = catalog->LoadTable(ident);
    REQUIRE(table.has_value());
    auto live = iceberg::LiveFiles::Load(*files, *table->metadata);
    REQUIRE(live.has_value());
    iceberg::SnapshotChanges changes;
    iceberg::DataFile data;
    data.file_path = fmt::format("{}/data/{}.parquet", table->metadata->location, ++files_made);
    data.record_count = rows;
    data.file_size_in_bytes = 100;
    changes.added_data = {data};
    if (deleted > 0) {
      iceberg::DataFile deletes = data;
      deletes.content = iceberg::FileContent::kPositionDeletes;
      deletes.referenced_data_file = data.file_path;
      deletes.file_path += ".deletes.parquet";
      deletes.record_count = deleted;
      changes.added_deletes = {deletes};
    }
    changes.summary[std::string(contract::kSummaryOffsets)] =
        contract::EncodeOffsets(contract::TopicOffsets{{"p.public." + name, {{0, next}}}});
    const auto staged = iceberg::StageSnapshot(*files, *table, *live, changes,
                                               {.now_ms = 1'700'000'000'000, .snapshot_id = {}});
    REQUIRE(staged.has_value());
    REQUIRE(catalog->CommitTable(*table, staged->commit).has_value());
  }

  /// Its line of `cdc verify --json`.
  nlohmann::json Line(const Outcome& outcome, const std::string& table) const {
    INFO(outcome.out << outcome.err);
    const auto list = nlohmann::json::parse(outcome.out, nullptr, false);
    REQUIRE(list.is_array());
    for (const auto& line : list) {
      if (line["table"] == table) return line;
    }
    FAIL("no line of " << table);
    return {};
  }

  BrokerProcess broker{"p.public.faculty:1,p.hr.employee:1"};
  Folder folder;
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  std::unique_ptr<iceberg::Catalog> catalog;
  int files_made = 0;
};

/// Takes connections and never answers.
class DeafServer {
 public:
  DeafServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd_, 64) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~DeafServer() { close(fd_); }
  DeafServer(const DeafServer&) = delete;
  DeafServer& operator=(const DeafServer&) = delete;
  int port() const { return port_; }

 private:
  int fd_, port_ = 0;
};

constexpr const char* kSource = R"(
  CREATE SCHEMA hr;
  CREATE TABLE faculty (id int); INSERT INTO faculty SELECT generate_series(1, 7);
  CREATE TABLE hr.employee (id int); INSERT INTO hr.employee SELECT generate_series(1, 3);
  CREATE TABLE program (id int);
  CREATE TABLE audit (id int);)";

TEST_CASE("Without a dsn there is nothing to compare with", "[postgres]") {
  World world("");
  const auto refused = world.folder.Cdc("verify");
  CHECK(refused.exit == 78);
  CHECK(refused.err.find("[source] dsn") != std::string::npos);
}

TEST_CASE("Verify tells equal, missing, append and differs, and takes no lock", "[postgres]") {
  postgres::Server server;
  server.Sql(kSource);
  World world(server.dsn());
  world.MakeTable("faculty");
  world.Commit("faculty", 5, 2, 0);
  world.Commit("faculty", 4, 0, 0);
  auto lock = contract::LockFile::TryAcquire(world.folder.path() / "state" / "locks" / "faculty.lock");
  REQUIRE(lock.has_value());

  auto seen = world.folder.Cdc("verify --json --timeout 0");
  CHECK(seen.exit == 1);
  CHECK(world.Line(seen, "faculty") == nlohmann::json::parse(R"({"table":"faculty","source":7,"target":7,
    "difference":0,"lag":0,"result":"equal","error":""})"));
  CHECK(world.Line(seen, "hr.employee")["result"] == "missing");
  CHECK(world.Line(seen, "hr.employee")["source"] == 3);
  CHECK(world.Line(seen, "hr.employee")["target"].is_null());
  CHECK(world.Line(seen, "program")["result"] == "equal");  // no row, no table, no topic
  CHECK(world.Line(seen, "program")["lag"].is_null());
  CHECK(world.Line(seen, "audit")["result"] == "append");
  CHECK(world.folder.Cdc("verify faculty program audit --timeout 0").exit == 0);
  CHECK(world.folder.Cdc("verify nothere").exit == 78);

  server.Sql("DELETE FROM faculty WHERE id < 3");
  const auto text = world.folder.Cdc("verify faculty --timeout 1");
  INFO(text.out);
  CHECK(text.exit == 1);
  CHECK(text.out.find("faculty             5             7          +2         0  differs") !=
        std::string::npos);
  server.Sql("DROP TABLE faculty");
  CHECK(world.Line(world.folder.Cdc("verify faculty --json --timeout 0"), "faculty")["result"] == "missing");
}

TEST_CASE("Verify looks again at what is behind, until it is not", "[postgres]") {
  postgres::Server server;
  server.Sql(kSource);
  World world(server.dsn());
  world.MakeTable("faculty");
  world.Commit("faculty", 4, 0, 0);
  auto producer = std::move(kafka::Producer::Make({.bootstrap_servers = world.broker.servers()}).value());
  for (int i = 0; i < 3; ++i)
    REQUIRE(producer->Produce({.topic = "p.public.faculty", .value = "{}"}).has_value());
  REQUIRE(producer->Flush(std::chrono::seconds(10)).has_value());

  const auto behind = world.folder.Cdc("verify faculty --json --timeout 0");
  CHECK(behind.exit == 1);
  CHECK(world.Line(behind, "faculty")["result"] == "behind");
  CHECK(world.Line(behind, "faculty")["lag"] == 3);
  CHECK(world.Line(behind, "faculty")["difference"] == -3);

  auto waiting =
      std::async(std::launch::async, [&] { return world.folder.Cdc("verify faculty --json --timeout 60"); });
  world.Commit("faculty", 3, 0, 3);
  const auto settled = waiting.get();
  CHECK(settled.exit == 0);
  CHECK(world.Line(settled, "faculty")["result"] == "equal");
  CHECK(world.Line(settled, "faculty")["lag"] == 0);

  world.broker.Stop(SIGKILL);
  const auto silent = world.folder.Cdc("verify faculty --json --timeout 0");
  CHECK(silent.exit == 0);
  CHECK(silent.err.find("lag is unknown") != std::string::npos);
  CHECK(world.Line(silent, "faculty")["lag"].is_null());
}

TEST_CASE("What cannot be counted is unknown, and the others are told", "[postgres]") {
  postgres::Server server;
  server.Sql(std::string(kSource) +
             "CREATE ROLE reader LOGIN; GRANT SELECT ON faculty, program TO reader; GRANT USAGE ON SCHEMA hr "
             "TO reader;");
  World world(server.dsn() + " user=reader");
  world.MakeTable("faculty");
  world.Commit("faculty", 7, 0, 0);
  const auto seen = world.folder.Cdc("verify --json --timeout 0");
  CHECK(seen.exit == 78);
  CHECK(world.Line(seen, "faculty")["result"] == "equal");
  const auto line = world.Line(seen, "hr.employee");
  CHECK(line["result"] == "unknown");
  CHECK(line["error"].get<std::string>().find("hr.employee") != std::string::npos);
  server.Stop();
  const auto down = world.folder.Cdc("verify --timeout 0");
  CHECK(down.exit == 75);
  CHECK(down.err.find("[source] dsn") != std::string::npos);
}

TEST_CASE("A store that hangs keeps verify no longer than one call's patience beyond its time",
          "[postgres]") {
  using std::chrono::steady_clock;
  postgres::Server server;
  server.Sql(kSource);
  World world(server.dsn());
  for (const char* name : {"faculty", "program"}) world.MakeTable(name);
  auto database = sqlite::Database::Open(world.folder.path() / "catalog.db", {});
  REQUIRE(database.has_value());
  REQUIRE(database->Exec("UPDATE iceberg_tables SET metadata_location = 's3://b/' || table_name || '/m.json'")
              .has_value());
  DeafServer deaf;
  std::string text = world.folder.Read("tables.toml");
  const std::string local = "warehouse = \"warehouse\"";
  text.replace(text.find(local), local.size(), "warehouse = \"s3://b/warehouse\"");
  text += fmt::format(
      "[storage]\nendpoint = \"http://127.0.0.1:{}\"\naccess_key_id = \"a\"\n"
      "secret_access_key = \"b\"\n",
      deaf.port());
  world.folder.Write("tables.toml", text);

  const auto begun = steady_clock::now();
  const auto seen = world.folder.Cdc("verify faculty program --json --timeout 1");
  const auto took = steady_clock::now() - begun;
  INFO(seen.out << seen.err);
  CHECK(seen.exit == 75);
  CHECK(took < std::chrono::seconds(10));  // the patience is 5 s; a worker has 45 s of it
  CHECK(world.Line(seen, "faculty")["error"].get<std::string>().find("s3://b/faculty") != std::string::npos);
  const std::string second = world.Line(seen, "program")["error"];
  CHECK(second.find("Not looked at") != std::string::npos);
  CHECK(second.find("s3://b/faculty") != std::string::npos);
}

}  // namespace
}  // namespace cdc::cli
