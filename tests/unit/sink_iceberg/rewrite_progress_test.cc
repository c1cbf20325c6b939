#include "jobs/sink/iceberg/rewrite_progress.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/result_printing.h"

namespace cdc::iceberg_sink {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/cdc-progress-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

RewriteProgress Some() {
  RewriteProgress progress;
  progress.of = "table 17 {\"schema\"}";
  iceberg::DataFile file;
  file.file_path = "/w/data/a.parquet";
  file.record_count = 5;
  file.file_size_in_bytes = 700;
  file.column_sizes = {{1, 30}, {2, 40}};
  file.value_counts = {{1, 5}};
  file.null_value_counts = {{1, 0}, {2, 3}};
  file.nan_value_counts = {{3, 1}};
  file.lower_bounds = {{1, std::string("\0\x80\xff", 3)}, {2, ""}};
  file.upper_bounds = {{1, "z"}};
  file.split_offsets = {4, 400};
  progress.written = {file};
  progress.source = 2;
  progress.position = 16384;
  return progress;
}

TEST_CASE("progress is read back with all that a manifest says of the files") {
  const Folder folder;
  const RewriteProgress saved = Some();
  REQUIRE(SaveProgress(folder.path, saved));
  const RewriteProgress read = LoadProgress(folder.path, saved.of);
  REQUIRE(read.written.size() == 1);
  const iceberg::DataFile &was = saved.written[0], &is = read.written[0];
  CHECK(is.file_path == was.file_path);
  CHECK(is.record_count == was.record_count);
  CHECK(is.file_size_in_bytes == was.file_size_in_bytes);
  CHECK(is.column_sizes == was.column_sizes);
  CHECK(is.value_counts == was.value_counts);
  CHECK(is.null_value_counts == was.null_value_counts);
  CHECK(is.nan_value_counts == was.nan_value_counts);
  CHECK(is.lower_bounds == was.lower_bounds);
  CHECK(is.upper_bounds == was.upper_bounds);
  CHECK(is.split_offsets == was.split_offsets);
  CHECK(is.sort_order_id == was.sort_order_id);
  CHECK(read.source == 2);
  CHECK(read.position == 16384);
}

TEST_CASE("progress of something else, damaged or removed is none") {
  const Folder folder;
  CHECK(LoadProgress(folder.path, "x").written.empty());
  REQUIRE(SaveProgress(folder.path, Some()));
  CHECK(LoadProgress(folder.path, "another snapshot").written.empty());
  CHECK(LoadProgress(folder.path, "another snapshot").source == 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(entry.path());
    for (size_t at = 0; at < size; at += 7) {
      file.seekg(static_cast<std::streamoff>(at));
      const char right = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(right ^ 1));
      file.flush();
      CHECK(LoadProgress(folder.path, Some().of).written.empty());
      file.seekp(static_cast<std::streamoff>(at));
      file.put(right);
      file.flush();
    }
  }
  CHECK(LoadProgress(folder.path, Some().of).written.size() == 1);
  RemoveProgress(folder.path);
  CHECK(LoadProgress(folder.path, Some().of).written.empty());
}

}  // namespace
}  // namespace cdc::iceberg_sink
