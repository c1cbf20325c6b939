// A table that is written anew because a column changed its type at the source: its rows, its past, its
// index, and what happens when the run is killed or others write meanwhile.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <set>

#include "jobs/sink/iceberg/type_change_note.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "tests/component/worker/changed_table.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

using rows::Type;
using rows::TypeKind;
using Texts = std::map<int64_t, std::string>;  ///< id → version

const std::vector<Retyped> kToText = {{"version", Type::Of(TypeKind::kLong), Type::Of(TypeKind::kString)}};

Texts InTexts(const Model& model) {
  Texts texts;
  for (const auto& [id, version] : model) texts[id] = std::to_string(version);
  return texts;
}

Texts TextsById(const json& rows) {
  Texts texts;
  for (const json& row : rows) {
    if (!texts.emplace(row["id"], row["version"]).second) FAIL_CHECK("twice in the table: " << row.dump());
  }
  return texts;
}

/// The commits of other writers that come between a rewrite's last look at the table and its own commit.
class CrossedCatalog final : public iceberg::Catalog {
 public:
  explicit CrossedCatalog(iceberg::Catalog& real) : real_(real) {}
  std::function<void()> before;  ///< the next commit that adds a schema

  Status EnsureNamespace(const std::string& name) override { return real_.EnsureNamespace(name); }
  Result<iceberg::LoadedTable> LoadTable(const iceberg::TableIdent& ident) override {
    return real_.LoadTable(ident);
  }
  Result<iceberg::LoadedTable> CreateTable(const iceberg::TableIdent& ident, const rows::Schema& schema,
                                           const std::string& location,
                                           const std::map<std::string, std::string>& properties) override {
    return real_.CreateTable(ident, schema, location, properties);
  }
  Result<iceberg::LoadedTable> CommitTable(const iceberg::LoadedTable& base,
                                           const iceberg::TableCommit& commit) override {
    if (std::holds_alternative<iceberg::AddSchema>(commit.updates.front()) && before)
      std::exchange(before, nullptr)();
    return real_.CommitTable(base, commit);
  }
  Status DropTable(const iceberg::TableIdent& ident) override { return real_.DropTable(ident); }

 private:
  iceberg::Catalog& real_;
};

/// Some thousand rows in several files, a part of them deleted or superseded, to be written in files of 20
/// kB.
struct Retypable : ChangedTable {
  static constexpr int kBatches = 6;
  Retypable() {
    settings.target_file_bytes = 12 << 10;
    settings.rewrite_on_type_change = true;
    auto sink = Open();
    for (int n = 0; n < kBatches; ++n) REQUIRE(Commit(*sink, n));
    REQUIRE(sink->Close());
  }
  std::unique_ptr<IcebergSink> OpenOn(iceberg::Catalog& on,
                                      std::function<Status(const std::string&)> working = {}) {
    IcebergSink::Ports ports{on, *files, clock, [](Millis) {}, log::Logger(), {}, std::move(working)};
    auto sink = IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
    REQUIRE(sink);
    return std::move(*sink);
  }
  /// Upserts `id` with `version` and deletes `gone` in one commit.
  void Change(IcebergSink& sink, int64_t id, const std::string& version, int64_t gone) const {
    Fold fold(sink.shape().schema);
    fold.batch().column(0).AppendLong(id);
    fold.batch().column(1).AppendBytes(version);
    (void)fold.Upsert(KeyOf(id), 0, false);
    fold.Remove(KeyOf(gone));
    Marker marker;
    marker.offsets["t"][0] = kBatches + 1;
    REQUIRE(sink.Commit({fold, marker}));
  }
  void Elsewhere(const std::string& action, const std::string& what) const {
    const auto done = RunPython("tests/component/worker/write_rows.py",
                                {pipeline.catalog().string(), "university.t", action, what});
    INFO(done.output);
    REQUIRE(done.exit == 0);
  }
  std::shared_ptr<const iceberg::TableMetadata> Metadata() const {
    return catalog->LoadTable(IdentOf(settings))->metadata;
  }
};

}  // namespace

TEST_CASE("a table is written anew in one commit: rows cast, offsets kept, older snapshots as they were") {
  Retypable table;
  const auto before = table.Metadata();
  const auto model = ModelAfter(Retypable::kBatches);
  {
    auto sink = table.Open();
    REQUIRE(sink->Retype(kToText));
    CHECK(sink->shape().schema->fields[1].type == Type::Of(TypeKind::kString));
    CHECK(sink->figures().data_files > 1);
    CHECK(sink->figures().delete_files == 0);
    CHECK(sink->figures().rows == static_cast<int64_t>(model.size()));
    REQUIRE(sink->Close());
  }
  const auto after = table.Metadata();
  CHECK(after->snapshots.size() == before->snapshots.size() + 1);
  CHECK(after->current_snapshot()->schema_id == after->current_schema_id);
  const auto was = *before->CurrentSchema(), is = *after->CurrentSchema();
  CHECK(is.fields[0] == was.fields[0]);
  CHECK(is.fields[1].name == "version");
  CHECK(is.fields[1].id > was.max_field_id());
  CHECK(is.identifier_field_ids == was.identifier_field_ids);
  CHECK(*after->current_snapshot()->FindSummary("cdc.offsets") ==
        *before->current_snapshot()->FindSummary("cdc.offsets"));

  const json seen = table.Seen(true);
  CHECK(TextsById(seen["rows"]) == InTexts(model));
  CHECK(TextsById(seen["duckdb_rows"]) == InTexts(model));
  for (int n = 0; n < Retypable::kBatches; ++n)
    CHECK(ById(seen["snapshots"][static_cast<size_t>(n)]["rows"]) == ModelAfter(n + 1));
}

TEST_CASE("rows are found in a table written anew, by the run that did it and by the next") {
  Retypable table;
  Texts expected = InTexts(ModelAfter(Retypable::kBatches));
  const int64_t first = expected.begin()->first, second = std::next(expected.begin())->first,
                third = std::next(expected.begin(), 2)->first;
  auto sink = table.Open();
  REQUIRE(sink->Retype(kToText));
  table.Change(*sink, first, "new", second);
  REQUIRE(sink->Close());
  sink = table.Open();
  table.Change(*sink, third, "newer", first);
  expected.erase(first);
  expected.erase(second);
  expected[third] = "newer";
  CHECK(TextsById(table.Seen()["rows"]) == expected);
}

TEST_CASE("the key's type changes, and rows are found by its new values") {
  Retypable table;
  auto expected = ModelAfter(Retypable::kBatches);
  {
    auto sink = table.Open();
    REQUIRE(sink->Retype({{"id", Type::Of(TypeKind::kLong), Type::Of(TypeKind::kString)}}));
    CHECK(sink->shape().schema->fields[0].required);
    REQUIRE(sink->Close());
  }
  auto sink = table.Open();
  Fold fold(sink->shape().schema);
  const int64_t id = expected.begin()->first;
  fold.batch().column(0).AppendBytes(std::to_string(id));
  fold.batch().column(1).AppendLong(-1);
  (void)fold.Upsert(rows::KeyHasher(sink->shape().key_secret, {0})(fold.batch(), 0), 0, false);
  Marker marker;
  marker.offsets["t"][0] = Retypable::kBatches + 1;
  const auto committed = sink->Commit({fold, marker});
  REQUIRE(committed);
  CHECK(committed->deletes == 1);
  expected[id] = -1;
  Model seen;
  const json now = table.Seen()["rows"];
  for (const json& row : now) seen[std::stoll(row["id"].get<std::string>())] = row["version"];
  CHECK(seen == expected);
}

TEST_CASE("a value that cannot be cast holds the table as it was, and is named") {
  Retypable table;
  auto sink = table.Open();
  const auto before = table.Metadata();
  const auto refused =
      sink->Retype({{"version", Type::Of(TypeKind::kLong), Type::Decimal(5, 2)}});  // versions go to 5199
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(refused.error().message.find("column 'version' of the row with id=") != std::string::npos);
  CHECK(table.Metadata()->current_snapshot_id == before->current_snapshot_id);
  CHECK(table.Metadata()->current_schema_id == before->current_schema_id);
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(Retypable::kBatches));
}

TEST_CASE("without leave the table is held, and says what it would take") {
  Retypable table;
  table.settings.rewrite_on_type_change = false;
  auto sink = table.Open();
  const auto held = sink->Retype(kToText);
  REQUIRE_FALSE(held);
  CHECK(held.error().kind == ErrorKind::kUnsupported);
  CHECK(held.error().message.find("'version' from long to string") != std::string::npos);
  CHECK(held.error().message.find(std::to_string(sink->figures().rows) + " rows") != std::string::npos);
  CHECK(held.error().hint.find("cdc migrate t --yes") != std::string::npos);
  CHECK(table.Metadata()->snapshots.size() == Retypable::kBatches);
}

namespace {

/// Rows with a boolean; nothing: null.
struct Flagged : SinkTable {
  Flagged()
      : SinkTable(
            {0, {{0, 0, "id", true, Type::Of(TypeKind::kLong)}, {0, 0, "flag", false, kFlag}}, {}}) {}
  static constexpr Type kFlag{TypeKind::kBoolean, 0, 0, TypeKind::kString};

  void Put(IcebergSink& sink, const std::map<int64_t, std::optional<bool>>& rows,
           const std::vector<int64_t>& gone = {}) {
    Fold fold(sink.shape().schema);
    for (const auto& [id, flag] : rows) {
      fold.batch().column(0).AppendLong(id);
      if (flag)
        fold.batch().column(1).AppendBoolean(*flag);
      else
        fold.batch().column(1).AppendNull();
      (void)fold.Upsert(KeyOf(id), fold.batch().rows() - 1, false);
    }
    for (const int64_t id : gone) fold.Remove(KeyOf(id));
    Marker marker;
    marker.offsets["t"][0] = ++commits_;
    REQUIRE(sink.Commit({fold, marker}));
  }
  static std::vector<Retyped> ToText() { return {{"flag", kFlag, Type::Of(TypeKind::kString)}}; }

 private:
  int64_t commits_ = 0;
};

}  // namespace

TEST_CASE("where no row has a value whose text is uncertain, the table is written anew") {
  Flagged table;
  table.settings.rewrite_on_type_change = true;
  auto sink = table.Open();
  // Enough of them that the row that goes does not have its file written anew.
  table.Put(*sink, {{1, std::nullopt}, {2, std::nullopt}, {3, true}, {4, std::nullopt}, {5, std::nullopt},
                    {6, std::nullopt}, {7, std::nullopt}, {8, std::nullopt}});
  table.Put(*sink, {}, {3});
  REQUIRE(sink->Retype(Flagged::ToText()));
  CHECK(sink->shape().schema->fields[1].type == Type::Of(TypeKind::kString));
  CHECK(sink->figures().rows == 7);
  REQUIRE(sink->Close());
  for (const json& row : table.Seen()["rows"]) CHECK(row["flag"].is_null());
}

TEST_CASE("a value whose text is uncertain holds the table, and nobody is told to have it written anew") {
  for (const bool rewrite : {false, true}) {
    Flagged table;
    table.settings.rewrite_on_type_change = rewrite;
    auto sink = table.Open();
    table.Put(*sink, {{1, std::nullopt}, {2, true}});
    const auto held = sink->Retype(Flagged::ToText());
    REQUIRE_FALSE(held);
    CHECK(held.error().kind == ErrorKind::kUnsupported);
    CHECK(held.error().message.find("'flag' from boolean to string") != std::string::npos);
    CHECK(held.error().message.find("which PostgreSQL type's text") != std::string::npos);
    CHECK(held.error().hint.find("cdc reset t --yes") != std::string::npos);
    const auto now = table.catalog->LoadTable(IdentOf(table.settings))->metadata;
    CHECK(iceberg_sink::ReadRetyped(table.settings.index_folder, now->table_uuid, *sink->shape().schema).empty());
  }
}

TEST_CASE("beside deleted rows a value whose text is uncertain is found by reading") {
  Flagged table;
  table.settings.rewrite_on_type_change = true;
  auto sink = table.Open();
  table.Put(*sink, {{1, std::nullopt}, {2, true}, {3, std::nullopt}, {4, std::nullopt}, {5, std::nullopt},
                    {6, std::nullopt}, {7, std::nullopt}, {8, std::nullopt}});
  table.Put(*sink, {}, {3});
  const auto held = sink->Retype(Flagged::ToText());
  REQUIRE_FALSE(held);
  CHECK(held.error().kind == ErrorKind::kUnsupported);
  const std::string told = "column 'flag' of the row with id=2: 'true' may have had one of two texts";
  CHECK(held.error().message.find(told) != std::string::npos);
}

TEST_CASE("a rewrite that is killed goes on with the files that it has written") {
  Retypable table;
  const auto before = table.Metadata();
  const pid_t child = fork();
  if (child == 0) {
    // As soon as a file is closed and noted.
    auto own = iceberg::MakeSqliteCatalog(
        {table.pipeline.catalog(), "iceberg_catalog", (table.folder / "data" / "warehouse").string()},
        *table.files);
    const auto progress = table.settings.index_folder / "rewrite-progress";
    IcebergSink::Ports ports{**own,
                             *table.files,
                             table.clock,
                             [](Millis) {},
                             log::Logger(),
                             {},
                             [&](const std::string&) -> Status {
                               if (std::filesystem::exists(progress)) ::raise(SIGKILL);
                               return {};
                             }};
    auto sink = IcebergSink::Open(table.settings, R"({"cluster":"c","topic":"t"})", ports);
    if (sink) (void)(*sink)->Retype(kToText);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(table.Metadata()->current_snapshot_id == before->current_snapshot_id);
  REQUIRE(std::filesystem::exists(table.settings.index_folder / "rewrite-progress"));
  std::set<std::string> written;
  const auto live = iceberg::LiveFiles::Load(*table.files, *before);
  for (const auto& file : *table.files->List(before->location + "/data")) {
    if (file.path.ends_with("-data.parquet") && live->FindData(file.path) == nullptr)
      written.insert(file.path);
  }
  CHECK_FALSE(written.empty());

  auto sink = table.Open();
  REQUIRE(sink->Retype(kToText));
  const auto now = iceberg::LiveFiles::Load(*table.files, *table.Metadata());
  size_t used = 0;
  for (const std::string& path : written) used += now->FindData(path) != nullptr;
  CHECK(used > 0);
  CHECK_FALSE(std::filesystem::exists(table.settings.index_folder / "rewrite-progress"));
  CHECK(TextsById(table.Seen()["rows"]) == InTexts(ModelAfter(Retypable::kBatches)));
}

TEST_CASE("a rewrite that is told to end leaves what it has, each time a bit more") {
  Retypable table;
  Status done = Error{ErrorKind::kShuttingDown, ""};
  int runs = 0;
  for (; !done && runs < 100; ++runs) {
    REQUIRE(done.error().kind == ErrorKind::kShuttingDown);
    int slices = 0;
    auto sink = table.OpenOn(*table.catalog, [&](const std::string&) -> Status {
      if (++slices == 2) return Error{ErrorKind::kShuttingDown, "stop"};
      return {};
    });
    done = sink->Retype(kToText);
    if (!done && table.Metadata()->snapshots.size() > Retypable::kBatches) break;  // it was reading keys
  }
  CHECK(runs > 1);
  CHECK(runs < 20);
  auto sink = table.Open();
  CHECK(TextsById(table.Seen()["rows"]) == InTexts(ModelAfter(Retypable::kBatches)));
  table.Change(*sink, 4999'999, "new", 0);
}

TEST_CASE("what others commit meanwhile: properties are kept, deletes are seen, rows hold the table") {
  Retypable table;
  CrossedCatalog crossed(*table.catalog);
  auto expected = InTexts(ModelAfter(Retypable::kBatches));
  SECTION("properties") {
    crossed.before = [&] {
      const auto now = table.catalog->LoadTable(IdentOf(table.settings));
      REQUIRE(table.catalog->CommitTable(*now, iceberg::PropertiesCommit(*now->metadata, {{"owner", "me"}})));
    };
    auto sink = table.OpenOn(crossed);
    REQUIRE(sink->Retype(kToText));
    CHECK(table.Metadata()->Property("owner", "") == "me");
    CHECK(TextsById(table.Seen()["rows"]) == expected);
  }
  SECTION("a delete") {
    const int64_t gone = expected.begin()->first;
    crossed.before = [&] { table.Elsewhere("delete", std::to_string(gone)); };
    auto sink = table.OpenOn(crossed);
    REQUIRE(sink->Retype(kToText));
    expected.erase(gone);
    CHECK(TextsById(table.Seen()["rows"]) == expected);
  }
  SECTION("a row") {
    crossed.before = [&] { table.Elsewhere("append", "77777"); };
    auto sink = table.OpenOn(crossed);
    const auto refused = sink->Retype(kToText);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    CHECK(refused.error().message.find("another writer added rows") != std::string::npos);
  }
}

}  // namespace cdc::worker
