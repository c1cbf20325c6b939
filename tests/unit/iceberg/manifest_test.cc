#include "lib/iceberg/manifest.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {
namespace {

using testing::Ok;

ManifestEntry EntryOf(int n) {
  ManifestEntry entry;
  entry.status = static_cast<EntryStatus>(n % 3);
  entry.snapshot_id = (int64_t{1} << 62) + n;
  entry.sequence_number = n;
  entry.file_sequence_number = n + 1;
  DataFile& file = entry.file;
  file.content = n % 2 == 0 ? FileContent::kData : FileContent::kPositionDeletes;
  file.file_path = "/w/data/" + std::to_string(n) + ".parquet";
  file.record_count = n * 1000;
  file.file_size_in_bytes = int64_t{1} << 40;
  file.column_sizes = {{1, 10}, {2, 20}};
  file.value_counts = {{1, 3}};
  file.null_value_counts = {{1, 0}};
  file.nan_value_counts = {{2, 1}};
  file.lower_bounds = {{1, std::string("\0\x01", 2)}};
  file.upper_bounds = {{1, "\xff"}};
  file.split_offsets = {4, 1 << 20};
  if (n % 2 == 1) file.referenced_data_file = "/w/data/0.parquet";
  if (n % 2 == 0) file.sort_order_id = 0;
  return entry;
}

void CheckSame(const DataFile& a, const DataFile& b) {
  CHECK(a.content == b.content);
  CHECK(a.file_path == b.file_path);
  CHECK(a.file_format == b.file_format);
  CHECK(a.record_count == b.record_count);
  CHECK(a.file_size_in_bytes == b.file_size_in_bytes);
  CHECK(a.column_sizes == b.column_sizes);
  CHECK(a.value_counts == b.value_counts);
  CHECK(a.null_value_counts == b.null_value_counts);
  CHECK(a.nan_value_counts == b.nan_value_counts);
  CHECK(a.lower_bounds == b.lower_bounds);
  CHECK(a.upper_bounds == b.upper_bounds);
  CHECK(a.split_offsets == b.split_offsets);
  CHECK(a.sort_order_id == b.sort_order_id);
  CHECK(a.referenced_data_file == b.referenced_data_file);
}

ManifestFile FileOf() {
  ManifestFile file;
  file.manifest_path = "/w/metadata/m.avro";
  file.sequence_number = 77;
  file.added_snapshot_id = 7;
  return file;
}

std::string Encoded(const std::vector<ManifestEntry>& entries) {
  std::vector<ManifestRow> rows;
  for (const ManifestEntry& entry : entries) rows.push_back({entry.status, entry.snapshot_id, &entry});
  return EncodeManifest({"{}", 3, 0, ManifestContent::kData}, rows).value();
}

TEST_CASE("manifest entries make the round trip; only added files inherit numbers") {
  std::vector<ManifestEntry> entries;
  for (int n = 0; n < 1000; ++n) entries.push_back(EntryOf(n));  // several blocks
  auto decoded = DecodeManifest(Encoded(entries), FileOf());
  REQUIRE(Ok(decoded));
  REQUIRE(decoded->size() == entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const ManifestEntry& in = entries[i];
    const ManifestEntry& out = (*decoded)[i];
    CHECK(in.status == out.status);
    CHECK(in.snapshot_id == out.snapshot_id);
    // Added with an older data sequence number than its own: a compaction.
    CHECK(out.sequence_number == in.sequence_number);
    CHECK(out.file_sequence_number == (in.status == EntryStatus::kAdded ? 77 : in.file_sequence_number));
    CheckSame(in.file, out.file);
  }
  ManifestEntry fresh = EntryOf(1);
  fresh.sequence_number = fresh.file_sequence_number = 5;
  const auto inherited = DecodeManifest(Encoded({fresh}), FileOf()).value();
  CHECK(inherited[0].sequence_number == 77);
  CHECK(inherited[0].file_sequence_number == 77);
}

TEST_CASE("manifest lists make the round trip") {
  ManifestFile file = FileOf();
  file.manifest_length = 1234;
  file.content = ManifestContent::kDeletes;
  file.min_sequence_number = 3;
  file.added_files_count = 1;
  file.existing_files_count = 2;
  file.deleted_files_count = 3;
  file.added_rows_count = 4;
  file.existing_rows_count = 5;
  file.deleted_rows_count = int64_t{1} << 33;
  const std::string bytes = EncodeManifestList({7, {}, 77}, {file, FileOf()}).value();
  auto decoded = DecodeManifestList(bytes);
  REQUIRE(Ok(decoded));
  REQUIRE(decoded->size() == 2);
  const ManifestFile& out = decoded->front();
  CHECK(out.manifest_path == file.manifest_path);
  CHECK(out.manifest_length == 1234);
  CHECK(out.content == ManifestContent::kDeletes);
  CHECK(out.sequence_number == 77);
  CHECK(out.min_sequence_number == 3);
  CHECK(out.added_snapshot_id == 7);
  CHECK(out.deleted_files_count == 3);
  CHECK(out.deleted_rows_count == int64_t{1} << 33);
  CHECK(DecodeManifestList(EncodeManifestList({7, 6, 77}, {}).value())->empty());
}

TEST_CASE("damaged manifests are errors at every length and with every byte changed") {
  const std::string whole = Encoded({EntryOf(0), EntryOf(1)});
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = DecodeManifest(whole.substr(0, size), FileOf());
    // A file that ends right after its header is one without entries.
    if (cut) CHECK(cut->empty());
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    (void)DecodeManifest(changed, FileOf());  // any answer, but no crash
  }
  CHECK(DecodeManifest("Obj\x01garbage", FileOf()).error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace cdc::iceberg
