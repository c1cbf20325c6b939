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

TEST_CASE("whatever the gaps between positions, other readers find them all") {
  const TempFolder folder;
  std::ofstream expected(folder.path("expected.txt"));
  size_t number = 0;
  for (const auto& positions : AwkwardPositions()) {
    MemoryFile file;
    REQUIRE(WritePositionDeletes(std::make_unique<MemoryWriter>(file), "/d", "/data/ä.parquet", positions)
                .has_value());
    const auto read = ReadPositionDeletes(std::make_unique<MemoryReader>(file));
    REQUIRE(read.has_value());
    REQUIRE(read->at("/data/ä.parquet") == positions);
    const std::string name = std::to_string(number++) + ".parquet";
    std::ofstream(folder.path(name), std::ios::binary) << file.bytes;
    expected << name;
    for (const int64_t position : positions) expected << ' ' << position;
    expected << '\n';
  }
  expected.close();
  const std::string script = std::string(CDC_PYTHON) + " " + CDC_SOURCE_DIR +
                             "/tests/unit/parquet/check_deletes.py " + folder.path("expected.txt");
  CHECK(std::system(script.c_str()) == 0);
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
