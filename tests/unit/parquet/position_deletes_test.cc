#include <catch2/catch_test_macros.hpp>

#include "lib/parquet/position_deletes.h"
#include "tests/unit/parquet/files.h"

namespace cdc::parquet {
namespace {

TEST_CASE("position deletes round-trip and name their file in full") {
  MemoryFile file;
  const std::string data = "/warehouse/university/students/data/00000-0123456789abcdef.parquet";
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < 100'000; i += 3) positions.push_back(i);
  const auto written =
      WritePositionDeletes(std::make_unique<MemoryWriter>(file), "/d.parquet", data, positions);
  REQUIRE(written.has_value());
  CHECK(file.closed);
  CHECK(written->content == iceberg::FileContent::kPositionDeletes);
  CHECK(written->record_count == static_cast<int64_t>(positions.size()));
  CHECK(written->file_size_in_bytes == static_cast<int64_t>(file.bytes.size()));
  CHECK(written->referenced_data_file == data);
  CHECK(written->lower_bounds.at(2147483546) == data);
  CHECK(written->upper_bounds.at(2147483546) == data);
  CHECK(!written->sort_order_id);
  const auto read = ReadPositionDeletes(std::make_unique<MemoryReader>(file));
  REQUIRE(read.has_value());
  REQUIRE(read->size() == 1);
  CHECK(read->at(data) == positions);
}

/// Gaps of every width of bits, pages and blocks that end anywhere.
std::vector<std::vector<int64_t>> AwkwardPositions() {
  std::vector<std::vector<int64_t>> all = {{0}, {INT64_MAX}, {0, INT64_MAX}, {5, 6, 7}};
  for (const size_t count : {2, 32, 33, 34, 128, 129, 130, 161, 1000, 65'536, 65'537, 65'665, 200'000}) {
    std::vector<int64_t> dense, growing;
    int64_t position = 17, step = 1;
    for (size_t i = 0; i < count; ++i) {
      dense.push_back(static_cast<int64_t>(i));
      growing.push_back(position);
      step = step % ((int64_t{1} << 40) / 3) * 3 + static_cast<int64_t>(i % 7);
      position += i % 50 == 0 ? step : 1 + step % 1000;
    }
    all.push_back(dense);
    all.push_back(growing);
  }
  return all;
}

using Deletes = std::map<std::string, std::vector<int64_t>>;

Result<iceberg::DataFile> Write(const Deletes& deletes, MemoryFile* file) {
  std::vector<FileDeletes> files;
  for (const auto& [path, positions] : deletes) files.push_back({path, positions});
  return WritePositionDeletes(std::make_unique<MemoryWriter>(*file), "/d.parquet", files);
}

/// Writes them, and lets ourselves, pyarrow and DuckDB read them.
void CheckByAll(const std::vector<Deletes>& all) {
  const TempFolder folder;
  std::ofstream expected(folder.path("expected.txt"));
  size_t number = 0;
  for (const Deletes& deletes : all) {
    MemoryFile file;
    REQUIRE(Write(deletes, &file).has_value());
    const auto read = ReadPositionDeletes(std::make_unique<MemoryReader>(file));
    REQUIRE(read.has_value());
    REQUIRE(*read == deletes);
    const std::string name = std::to_string(number++) + ".parquet";
    std::ofstream(folder.path(name), std::ios::binary) << file.bytes;
    expected << name;
    for (const auto& [path, positions] : deletes) {
      expected << " @" << path;
      for (const int64_t position : positions) expected << ' ' << position;
    }
    expected << '\n';
  }
  expected.close();
  const std::string script = std::string(CDC_PYTHON) + " " + CDC_SOURCE_DIR +
                             "/tests/unit/parquet/check_deletes.py " + folder.path("expected.txt");
  CHECK(std::system(script.c_str()) == 0);
}

TEST_CASE("whatever the gaps between positions, other readers find them all") {
  std::vector<Deletes> all;
  for (const auto& positions : AwkwardPositions()) all.push_back({{"/data/ä.parquet", positions}});
  CheckByAll(all);
}

TEST_CASE("deletes of many data files lie in one, and other readers find them all") {
  std::vector<Deletes> all;
  const auto awkward = AwkwardPositions();
  for (const size_t files : {2, 3, 16, 17, 255, 256, 257, 3000}) {
    Deletes few, mixed;
    for (size_t i = 0; i < files; ++i) {
      const std::string path = "/data/" + std::to_string(i) + ".parquet";
      few[path] = {static_cast<int64_t>(1'000'000 - i)};  // each below the one before
      mixed[path] = i < 20 ? awkward[(i * 7 + files) % awkward.size()] : std::vector<int64_t>{0, 9};
    }
    all.push_back(std::move(few));
    all.push_back(std::move(mixed));
  }
  CheckByAll(all);
}

TEST_CASE("a delete file of several data files names none of them as the only one") {
  MemoryFile file;
  const auto written = Write({{"/a", {9}}, {"/b", {3, 5}}, {"/c", {4}}}, &file);
  REQUIRE(written.has_value());
  CHECK(written->record_count == 4);
  CHECK(!written->referenced_data_file);
  CHECK(written->lower_bounds.at(2147483546) == "/a");
  CHECK(written->upper_bounds.at(2147483546) == "/c");
  CHECK(written->lower_bounds.at(2147483545) == std::string("\3\0\0\0\0\0\0\0", 8));
  CHECK(written->upper_bounds.at(2147483545) == std::string("\11\0\0\0\0\0\0\0", 8));
}

TEST_CASE("data files out of order, twice or without positions are refused") {
  const std::vector<int64_t> some = {1}, none;
  const std::vector<std::vector<FileDeletes>> wrong = {
      {}, {{"/b", some}, {"/a", some}}, {{"/a", some}, {"/a", some}}, {{"/a", some}, {"/b", none}}};
  for (const auto& files : wrong) {
    MemoryFile file;
    const auto written = WritePositionDeletes(std::make_unique<MemoryWriter>(file), "/d", files);
    REQUIRE(!written.has_value());
    CHECK(written.error().kind == ErrorKind::kInvalidArgument);
    CHECK(!file.closed);
  }
}

TEST_CASE("positions that do not ascend are refused") {
  for (const std::vector<int64_t>& positions : {std::vector<int64_t>{}, {1, 1}, {2, 1}, {-1}}) {
    MemoryFile file;
    const auto written = WritePositionDeletes(std::make_unique<MemoryWriter>(file), "/d", "/data", positions);
    REQUIRE(!written.has_value());
    CHECK(written.error().kind == ErrorKind::kInvalidArgument);
    CHECK(!file.closed);
  }
}

/// Lets pyarrow write `table` (a Python expression) and reads the result.
Result<std::map<std::string, std::vector<int64_t>>> ReadForeign(const std::string& table) {
  const TempFolder folder;
  const std::string script = folder.Save(
      "make.py",
      "import sys, pyarrow as pa, pyarrow.parquet as pq\n"
      "def f(n, t, i): return pa.field(n, t, False, {'PARQUET:field_id': str(i)} if i else None)\n"
      "pq.write_table(" +
          table + ", sys.argv[1])\n");
  const std::string path = folder.path("foreign.parquet");
  REQUIRE(std::system((std::string(CDC_PYTHON) + " " + script + " " + path).c_str()) == 0);
  MemoryFile file;
  std::ifstream in(path, std::ios::binary);
  file.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return ReadPositionDeletes(std::make_unique<MemoryReader>(file));
}

TEST_CASE("foreign position deletes of several files are read") {
  const auto read = ReadForeign(
      "pa.table([['/b','/a','/a','/b'],[7,5,1,7]], schema=pa.schema([f('file_path',pa.string(),2147483546),"
      "f('pos',pa.int64(),2147483545)]))");
  REQUIRE(read.has_value());
  CHECK(*read == std::map<std::string, std::vector<int64_t>>{{"/a", {1, 5}}, {"/b", {7}}});
}

TEST_CASE("foreign position deletes without field ids are read by name") {
  const auto read = ReadForeign(
      "pa.table([[3],['/a']], schema=pa.schema([f('pos',pa.int64(),0),f('file_path',pa.string(),0)]))");
  REQUIRE(read.has_value());
  CHECK(*read == std::map<std::string, std::vector<int64_t>>{{"/a", {3}}});
}

TEST_CASE("a file that holds no position deletes is corrupt") {
  const auto read = ReadForeign("pa.table([[3]], schema=pa.schema([f('x',pa.int64(),1)]))");
  REQUIRE(!read.has_value());
  CHECK(read.error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace cdc::parquet
