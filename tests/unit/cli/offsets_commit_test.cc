#include "cli/offsets_commit.h"

#include <stdlib.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "lib/iceberg/live_files.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "tests/support/result_printing.h"

namespace cdc::cli {
namespace {

/// A real catalog that answers a commit otherwise than it deals with it.
class Liar final : public iceberg::Catalog {
 public:
  explicit Liar(iceberg::Catalog& honest) : honest_(honest) {}
  std::optional<ErrorKind> answer;  ///< of the next commit
  bool takes_it = true;

  Status EnsureNamespace(const std::string& name) override { return honest_.EnsureNamespace(name); }
  Result<iceberg::LoadedTable> LoadTable(const iceberg::TableIdent& ident) override {
    return honest_.LoadTable(ident);
  }
  Result<iceberg::LoadedTable> CreateTable(const iceberg::TableIdent& ident, const rows::Schema& schema,
                                           const std::string& location,
                                           const std::map<std::string, std::string>& properties) override {
    return honest_.CreateTable(ident, schema, location, properties);
  }
  Result<iceberg::LoadedTable> CommitTable(const iceberg::LoadedTable& base,
                                           const iceberg::TableCommit& commit) override {
    if (takes_it) {
      auto done = honest_.CommitTable(base, commit);
      if (!done || !answer) return done;
    }
    return Error{*answer, "said so"};
  }
  Status DropTable(const iceberg::TableIdent& ident) override { return honest_.DropTable(ident); }

 private:
  iceberg::Catalog& honest_;
};

struct Place {
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "cdc-offsets-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    honest = *iceberg::MakeSqliteCatalog({folder / "catalog.db", "c", folder / "warehouse"}, *files);
    REQUIRE(honest->EnsureNamespace("n"));
    rows::Schema schema;
    schema.fields.push_back({0, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)});
    REQUIRE(honest->CreateTable(ident, schema, "", {}));
  }
  ~Place() { std::filesystem::remove_all(folder); }

  Status Commit(std::optional<ErrorKind> answer, bool takes_it) {
    Liar liar(*honest);
    liar.answer = answer;
    liar.takes_it = takes_it;
    return CommitSummary(liar, *files, ident, {{"cdc.offsets", "{}"}});
  }
  /// Snapshots of the table, the newest of which can be read.
  size_t Snapshots() {
    const auto table = honest->LoadTable(ident);
    REQUIRE(table);
    CHECK(iceberg::LiveFiles::Load(*files, *table->metadata));
    return table->metadata->snapshots.size();
  }
  size_t ManifestLists() {
    const auto listed = files->List(honest->LoadTable(ident)->metadata->location);
    REQUIRE(listed);
    return static_cast<size_t>(std::count_if(listed->begin(), listed->end(), [](const auto& file) {
      return file.path.find("/snap-") != std::string::npos;
    }));
  }

  std::filesystem::path folder;
  iceberg::TableIdent ident{"n", "t"};
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  std::unique_ptr<iceberg::Catalog> honest;
};

}  // namespace

TEST_CASE("a commit of offsets that was taken stands, whatever the catalog answered") {
  Place place;
  CHECK(place.Commit(std::nullopt, true));
  CHECK(place.Commit(ErrorKind::kCommitUnknown, true));
  CHECK(place.Commit(ErrorKind::kConflict, true));
  CHECK(place.Snapshots() == 3);
}

TEST_CASE("a commit of offsets that was not taken says so, and keeps files that may be wanted still") {
  Place place;
  CHECK(place.Commit(ErrorKind::kCommitUnknown, false).error().kind == ErrorKind::kTransient);
  CHECK(place.Commit(ErrorKind::kConflict, false).error().kind == ErrorKind::kTransient);
  CHECK(place.ManifestLists() == 2);
  CHECK(place.Commit(ErrorKind::kTransient, false).error().kind == ErrorKind::kTransient);
  CHECK(place.ManifestLists() == 2);
  CHECK(place.Snapshots() == 0);
  CHECK(place.Commit(std::nullopt, true));
  CHECK(place.Snapshots() == 1);
}

}  // namespace cdc::cli
