/// The end of a rewrite: whoever dies or comes between, the index and the folder are what the table says.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/parquet/position_deletes.h"
#include "tests/component/worker/changed_table.h"

namespace cdc::worker {
namespace {

void Copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::create_directories(to.parent_path());
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

/// A table whose last commit is a rewrite, with the state of its index before and after that.
struct Rewritten : ChangedTable {
  Rewritten() {
    clock.step_ms = 60;  // one step at a time
    auto sink = Open();
    for (int n = 0; n < 10; ++n) REQUIRE(Commit(*sink, n));
    for (int step = 0; step < 6; ++step) REQUIRE(sink->Maintain(Tidying::kThorough));
    REQUIRE(sink->figures().data_files > 8);  // under way: what comes now is deleted in the new file, too
    REQUIRE(Commit(*sink, 10));
    const int64_t before = *Metadata()->current_snapshot_id;
    while (Metadata()->current_snapshot_id == before) {
      Copy(settings.index_folder, kept / "index");
      REQUIRE(sink->Maintain(Tidying::kThorough));
    }
    REQUIRE(*Metadata()->current_snapshot()->FindSummary("operation") == "replace");
    sink.reset();
    Copy(settings.index_folder, kept / "after");
    Copy(folder / "data", kept / "data");
    const auto read = index::ReadJournal(settings.index_folder);
    REQUIRE((read && *read));
    journal = **read;
    REQUIRE(journal.keys_in_files);
    REQUIRE(journal.changes.empty());
    ReadKeys(journal.new_files.front().second);
  }

  std::shared_ptr<const iceberg::TableMetadata> Metadata() const {
    return catalog->LoadTable(IdentOf(settings))->metadata;
  }

  /// What the new file holds, in its order, and what was deleted of it from the beginning.
  void ReadKeys(const std::string& path) {
    const auto columns = std::make_shared<const rows::Schema>(Metadata()->CurrentSchema().value());
    auto reader = parquet::DataFileReader::Make(*files->Open(path), columns);
    REQUIRE(reader);
    rows::Batch batch(columns);
    rows::KeyHasher hasher(secret, {0});
    for (int64_t first = 0; *(*reader)->Next(&batch, &first);) {
      for (uint32_t row = 0; row < batch.rows(); ++row) keys.push_back(hasher(batch, row));
    }
    auto live = iceberg::LiveFiles::Load(*files, *Metadata());
    REQUIRE(live);
    auto deletes = parquet::ReadPositionDeletes(*files->Open(live->DeletesOf(path).at(0)->file.file_path));
    REQUIRE(deletes);
    gone = deletes->at(path);
    REQUIRE(!gone.empty());
  }

  /// As a run leaves it that was killed after so many puts, or after the file's number was listed, too.
  void DieAfter(size_t puts, bool listed) {
    catalog.reset();
    Copy(kept / "data", folder / "data");
    OpenCatalog();
    Copy(kept / "index", settings.index_folder);
    for (const char* name : {"commit.journal", "files"}) {
      if (name == std::string("files") && !listed) continue;
      std::filesystem::copy_file(kept / "after" / name, settings.index_folder / name,
                                 std::filesystem::copy_options::overwrite_existing);
    }
    auto opened = index::KeyIndex::Open(settings.index_folder, index::BootId());
    REQUIRE(opened);
    REQUIRE((*opened)->stamp().snapshot_id == journal.parent_snapshot_id);
    (*opened)->Begin(index::Unfinished::kCommit, journal.snapshot_id);
    REQUIRE(
        index::PutFile(std::span(keys).first(puts), journal.new_files.front().first, gone, opened->get()));
  }

  std::filesystem::path kept = folder / "kept";
  index::CommitIntent journal;
  std::vector<Hash128> keys;
  std::vector<int64_t> gone;
};

size_t ParquetFiles(const std::filesystem::path& folder) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    count += entry.path().extension() == ".parquet";
  return count;
}

}  // namespace

TEST_CASE("a rewrite whose run dies between its commit and any store of the index is read from its file") {
  Rewritten table;
  const size_t all = table.keys.size();
  const std::vector<std::pair<size_t, bool>> points = {
      {0, false}, {1, false}, {all / 2, false}, {all, false}, {all, true}};
  for (const auto& [puts, listed] : points) {
    INFO("keys put " << puts << " of " << all << ", the file's number listed " << listed);
    table.DieAfter(puts, listed);
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 11));
    REQUIRE(table.Commit(*sink, 12));
    CHECK(sink->figures().rows == static_cast<int64_t>(ModelAfter(13).size()));
    const bool right =
        ById(table.Seen()["rows"]) == ModelAfter(13);  // thousands of rows say nothing in print
    CHECK(right);
  }
}

TEST_CASE("keys of a rewrite that were put point to its file alone, whatever others did since") {
  Rewritten table;
  table.DieAfter(table.keys.size(), false);
  // Somebody puts a file in its place, of which nothing is known either: it must not get the number that the
  // keys have.
  const std::string& path = table.journal.new_files.front().second;
  const auto metadata = table.Metadata();
  auto base = table.catalog->LoadTable(IdentOf(table.settings));
  auto live = iceberg::LiveFiles::Load(*table.files, *metadata);
  REQUIRE((base && live));
  const std::string other = metadata->location + "/data/00000-foreign.parquet";
  auto writer =
      parquet::DataFileWriter::Make(*table.files->Create(other), other,
                                    std::make_shared<const rows::Schema>(metadata->CurrentSchema().value()));
  REQUIRE(writer);
  rows::Batch batch(std::make_shared<const rows::Schema>(metadata->CurrentSchema().value()));
  std::vector<uint32_t> numbers;
  for (uint32_t row = 0; row < table.keys.size(); ++row) {
    batch.column(0).AppendLong(1'000'000 + row);
    batch.column(1).AppendLong(0);
    numbers.push_back(row);
  }
  REQUIRE((*writer)->Write(batch, numbers));
  const auto data = (*writer)->Close();
  REQUIRE(data);
  iceberg::SnapshotChanges changes;
  changes.added_data.push_back(*data);
  changes.operation = "replace";
  for (const auto& deletes : live->DeletesOf(path)) changes.removed_paths.push_back(deletes->file.file_path);
  changes.removed_paths.push_back(path);
  auto staged = iceberg::StageSnapshot(*table.files, *base, *live, changes,
                                       {UnixMillis(SystemClock().wall()), std::nullopt});
  REQUIRE(staged);
  REQUIRE(table.catalog->CommitTable(*base, staged->commit));

  auto sink = table.Open();
  const int64_t before = sink->figures().rows;
  // All keys that were in the rewritten file are removed: none of the foreign rows is theirs.
  Fold fold(sink->shape().schema);
  for (const Hash128& key : table.keys) fold.Remove(key);
  Marker marker;
  marker.offsets["t"][0] = 12;
  REQUIRE(sink->Commit({fold, marker}));
  const Model left = ById(table.Seen()["rows"]);
  CHECK(std::count_if(left.begin(), left.end(), [](const auto& row) { return row.first >= 1'000'000; }) ==
        static_cast<int64_t>(table.keys.size()));
  CHECK(before >= static_cast<int64_t>(left.size()));
}

TEST_CASE("a rewritten file that no commit takes over goes: TRUNCATE, or the end of the run") {
  ChangedTable table;
  table.clock.step_ms = 60;  // one step at a time
  auto sink = table.Open();
  for (int n = 0; n < 10; ++n) REQUIRE(table.Commit(*sink, n));
  for (const bool truncated : {false, true}) {
    const size_t before = ParquetFiles(table.folder / "data");
    for (int step = 0; ParquetFiles(table.folder / "data") == before; ++step) {
      REQUIRE(step < 1000);
      REQUIRE(sink->Maintain(Tidying::kThorough));
    }
    REQUIRE(sink->figures().data_files >= 10);  // written, not committed
    if (truncated) {
      Fold fold(sink->shape().schema);
      fold.Truncate();
      Marker marker;
      marker.offsets["t"][0] = 11;
      REQUIRE(sink->Commit({fold, marker}));
      REQUIRE(sink->Maintain(Tidying::kThorough));
    } else {
      sink.reset();
      sink = table.Open();
    }
    CHECK(ParquetFiles(table.folder / "data") == before);
  }
}

}  // namespace cdc::worker
