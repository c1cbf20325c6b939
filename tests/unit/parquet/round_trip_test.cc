#include <array>
#include <cstdio>
#include <limits>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"
#include "tests/unit/parquet/files.h"
#include "tests/unit/parquet/sample_rows.h"

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

iceberg::DataFile WriteAll(MemoryFile& file, const rows::Batch& batch, WriterOptions options = {}) {
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "/t/a.parquet",
                                     batch.shared_schema(), options);
  REQUIRE(writer.has_value());
  REQUIRE((*writer)->Write(batch, AllRows(batch)).has_value());
  CHECK((*writer)->rows() == batch.rows());
  auto closed = (*writer)->Close();
  REQUIRE(closed.has_value());
  REQUIRE(file.closed);
  return *closed;
}

std::unique_ptr<DataFileReader> OpenReader(MemoryFile& file, std::shared_ptr<const rows::Schema> projection) {
  auto reader = DataFileReader::Make(std::make_unique<MemoryReader>(file), std::move(projection));
  if (!reader) FAIL(reader.error().message);
  return *std::move(reader);
}

rows::Batch ReadAll(MemoryFile& file, std::shared_ptr<const rows::Schema> projection) {
  const auto reader = OpenReader(file, projection);
  rows::Batch all(projection);
  rows::Batch some(projection);
  int64_t first = -1;
  for (;;) {
    auto more = reader->Next(&some, &first);
    if (!more) FAIL(more.error().message);
    if (!*more) break;
    REQUIRE(first == all.rows());
    for (size_t c = 0; c < some.column_count(); ++c) {
      for (uint32_t row = 0; row < some.column(c).size(); ++row)
        all.column(c).AppendFrom(some.column(c), row);
    }
  }
  CHECK(some.rows() == 0);
  CHECK(reader->rows() == all.rows());
  return all;
}

/// Many rows of a few types with nulls, long runs, and strings of all lengths.
rows::Batch RandomBatch(uint32_t rows, unsigned seed) {
  auto schema = std::make_shared<rows::Schema>();
  schema->fields = {{1, 0, "id", true, Type::Of(TypeKind::kLong)},
                    {2, 0, "text", false, Type::Of(TypeKind::kString)},
                    {3, 0, "amount", false, Type::Decimal(20, 2)},
                    {4, 5, "list", false, Type::ListOf(Type::Of(TypeKind::kString))},
                    {6, 0, "flag", false, Type::Of(TypeKind::kBoolean)},
                    {7, 0, "always_null", false, Type::Of(TypeKind::kInt)}};
  rows::Batch batch(schema);
  std::mt19937 random(seed);
  for (uint32_t i = 0; i < rows; ++i) {
    batch.column(0).AppendLong(i);
    if (random() % 7 == 0) {
      batch.column(1).AppendNull();
    } else {
      batch.column(1).AppendBytes(std::string(random() % 200, static_cast<char>('a' + random() % 26)) +
                                  std::to_string(random()));
    }
    batch.column(2).AppendDecimal(Int128{static_cast<int32_t>(random())} * static_cast<int32_t>(random()));
    if (random() % 5 == 0) {
      batch.column(3).AppendNull();
    } else {
      for (uint32_t n = random() % 4; n > 0; --n) {
        if (random() % 3 == 0) {
          batch.column(3).BeginList().AppendNull();
        } else {
          batch.column(3).BeginList().AppendBytes(std::to_string(random()));
        }
      }
      batch.column(3).EndList();
    }
    batch.column(4).AppendBoolean(random() % 2 == 0);
    batch.column(5).AppendNull();
  }
  return batch;
}

WriterOptions SmallGroups() {
  WriterOptions options;
  options.row_group_rows = 7'000;
  return options;
}

TEST_CASE("every type round-trips with its extremes") {
  MemoryFile file;
  const rows::Batch batch = SampleBatch();
  const iceberg::DataFile described = WriteAll(file, batch);
  CHECK(described.file_path == "/t/a.parquet");
  CHECK(described.record_count == 5);
  CHECK(described.file_size_in_bytes == static_cast<int64_t>(file.bytes.size()));
  CHECK(FirstDifference(ReadAll(file, batch.shared_schema()), batch) == "");
}

TEST_CASE("rows are written in the order asked for") {
  MemoryFile file;
  const rows::Batch batch = SampleBatch();
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", batch.shared_schema());
  REQUIRE(writer.has_value());
  const std::array<uint32_t, 4> order = {4, 0, 4, 2};
  REQUIRE((*writer)->Write(batch, order).has_value());
  REQUIRE((*writer)->Close().has_value());
  rows::Batch expected(batch.shared_schema());
  for (const uint32_t row : order) {
    for (size_t c = 0; c < batch.column_count(); ++c) expected.column(c).AppendFrom(batch.column(c), row);
  }
  CHECK(FirstDifference(ReadAll(file, batch.shared_schema()), expected) == "");
}

TEST_CASE("a file without rows is valid") {
  MemoryFile file;
  const rows::Batch batch(SampleSchema());
  const iceberg::DataFile described = WriteAll(file, batch);
  CHECK(described.record_count == 0);
  CHECK(described.split_offsets.empty());
  CHECK(ReadAll(file, batch.shared_schema()).rows() == 0);
}

TEST_CASE("row groups end at their limits and positions go on") {
  MemoryFile file;
  const rows::Batch batch = RandomBatch(40'000, 1);
  WriterOptions options;
  SECTION("rows") {
    options.row_group_rows = 7'000;
    CHECK(WriteAll(file, batch, options).split_offsets.size() == 6);
  }
  SECTION("bytes") {
    options.row_group_bytes = 300'000;
    CHECK(WriteAll(file, batch, options).split_offsets.size() > 3);
  }
  CHECK(FirstDifference(ReadAll(file, batch.shared_schema()), batch) == "");
}

TEST_CASE("the size estimate stays near the file") {
  MemoryFile file;
  const rows::Batch batch = RandomBatch(100'000, 2);
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", batch.shared_schema());
  REQUIRE(writer.has_value());
  REQUIRE((*writer)->Write(batch, AllRows(batch)).has_value());
  const auto estimate = static_cast<double>((*writer)->bytes_written_estimate());
  REQUIRE((*writer)->Close().has_value());
  CHECK(estimate > 0.8 * static_cast<double>(file.bytes.size()));
  CHECK(estimate < 1.5 * static_cast<double>(file.bytes.size()));
}

TEST_CASE("rows are read by position across pages and row groups") {
  MemoryFile file;
  const rows::Batch batch = RandomBatch(30'000, 3);
  WriteAll(file, batch, SmallGroups());
  const auto reader = OpenReader(file, batch.shared_schema());
  std::mt19937 random(4);
  for (const uint32_t every : {1u, 2u, 50u, 3'000u, 29'999u}) {
    std::vector<int64_t> positions;
    for (int64_t i = 0; i < 30'000; ++i) {
      if (random() % every == 0) positions.push_back(i);
    }
    if (!positions.empty()) positions.insert(positions.begin(), positions.front());
    rows::Batch got(batch.shared_schema());
    rows::Batch expected(batch.shared_schema());
    REQUIRE(reader->ReadRows(positions, &got).has_value());
    for (const int64_t p : positions) {
      for (size_t c = 0; c < batch.column_count(); ++c) {
        expected.column(c).AppendFrom(batch.column(c), static_cast<uint32_t>(p));
      }
    }
    CHECK(FirstDifference(got, expected) == "");
  }
}

TEST_CASE("reading rows leaves other row groups alone") {
  MemoryFile file;
  const rows::Batch batch = RandomBatch(100'000, 5);
  WriteAll(file, batch, SmallGroups());
  const auto reader = OpenReader(file, batch.shared_schema());
  file.bytes_read = 0;
  rows::Batch got(batch.shared_schema());
  const std::array<int64_t, 2> positions = {50'000, 50'001};
  REQUIRE(reader->ReadRows(positions, &got).has_value());
  CHECK(got.rows() == 2);
  CHECK(file.bytes_read < file.bytes.size() / 5);
}

TEST_CASE("positions that are no rows are refused") {
  MemoryFile file;
  const rows::Batch batch = SampleBatch();
  WriteAll(file, batch);
  const auto reader = OpenReader(file, batch.shared_schema());
  rows::Batch got(batch.shared_schema());
  for (const std::vector<int64_t>& positions : {std::vector<int64_t>{5}, {-1}, {3, 2}}) {
    const Status read = reader->ReadRows(positions, &got);
    REQUIRE(!read.has_value());
    CHECK(read.error().kind == ErrorKind::kInvalidArgument);
  }
  CHECK(got.rows() == 0);
}

TEST_CASE("columns are found by id, absent ones are null, narrower ones are promoted") {
  MemoryFile file;
  const rows::Batch batch = SampleBatch();
  WriteAll(file, batch);
  auto projection = std::make_shared<rows::Schema>();
  projection->fields = {{3, 0, "renamed", false, Type::Of(TypeKind::kLong)},
                        {5, 0, "wider", false, Type::Of(TypeKind::kDouble)},
                        {7, 0, "decimal", false, Type::Decimal(30, 2)},
                        {77, 78, "new", false, Type::ListOf(Type::Of(TypeKind::kInt))},
                        {1, 0, "id", true, Type::Of(TypeKind::kLong)}};
  const rows::Batch got = ReadAll(file, projection);
  REQUIRE(got.rows() == 5);
  CHECK(got.column(0).fixed<int64_t>(0) == std::numeric_limits<int32_t>::min());
  CHECK(!got.column(0).has_value(2));
  CHECK(got.column(1).fixed<double>(1) == std::numeric_limits<double>::infinity());
  CHECK(got.column(2).fixed<Int128>(1) == 999'999'999);
  CHECK(!got.column(3).has_value(4));
  CHECK(got.column(4).fixed<int64_t>(4) == 4);
}

TEST_CASE("a column of another type is refused") {
  MemoryFile file;
  WriteAll(file, SampleBatch());
  for (const Type type :
       {Type::Of(TypeKind::kString), Type::Of(TypeKind::kInt), Type::ListOf(Type::Of(TypeKind::kLong))}) {
    auto projection = std::make_shared<rows::Schema>();
    projection->fields = {{4, 40, "long", false, type}};
    const auto reader = DataFileReader::Make(std::make_unique<MemoryReader>(file), projection);
    REQUIRE(!reader.has_value());
    CHECK(reader.error().kind == ErrorKind::kUnsupported);
  }
}

TEST_CASE("damaged files are corrupt, never a crash") {
  MemoryFile whole;
  const rows::Batch batch = RandomBatch(20'000, 6);
  WriteAll(whole, batch, SmallGroups());
  const auto attempt = [&](MemoryFile& file) -> Status {
    CDC_ASSIGN(const auto reader,
               DataFileReader::Make(std::make_unique<MemoryReader>(file), batch.shared_schema()));
    rows::Batch some(batch.shared_schema());
    int64_t first = 0;
    for (;;) {
      CDC_ASSIGN(const bool more, reader->Next(&some, &first));
      if (!more) return {};
    }
  };
  MemoryFile garbage{std::string(1'000, 'x')};
  REQUIRE(!attempt(garbage).has_value());
  CHECK(attempt(garbage).error().kind == ErrorKind::kCorrupt);
  MemoryFile empty;
  CHECK(attempt(empty).error().kind == ErrorKind::kCorrupt);
  MemoryFile cut{whole.bytes.substr(0, whole.bytes.size() / 2)};
  CHECK(attempt(cut).error().kind == ErrorKind::kCorrupt);
  // A wrong byte in the data is found by its page's checksum; one in the footer may only change a name.
  std::mt19937 random(7);
  const size_t data_end = whole.bytes.size() * 9 / 10;
  size_t found = 0;
  for (int i = 0; i < 50; ++i) {
    MemoryFile flipped{whole.bytes};
    flipped.bytes[random() % data_end] ^= static_cast<char>(1 + random() % 255);
    const Status read = attempt(flipped);
    if (read) continue;
    ++found;
    CHECK((read.error().kind == ErrorKind::kCorrupt || read.error().kind == ErrorKind::kUnsupported));
  }
  CHECK(found >= 48);  // a page header has bytes without meaning, statistics for one
}

TEST_CASE("nulls in required columns and unresolved values are refused") {
  MemoryFile file;
  rows::Batch batch = SampleBatch();
  SECTION("null") {
    batch.Truncate(0);
    for (size_t c = 0; c < batch.column_count(); ++c) batch.column(c).AppendNull();
  }
  SECTION("unavailable") {
    batch.column(14).Truncate(4);
    batch.column(14).AppendUnavailable();
  }
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", batch.shared_schema());
  REQUIRE(writer.has_value());
  const Status written = (*writer)->Write(batch, AllRows(batch));
  REQUIRE(!written.has_value());
  CHECK(written.error().kind == ErrorKind::kBadValue);
  const auto finished = (*writer)->Close();
  REQUIRE(!finished.has_value());
  CHECK(finished.error().kind == ErrorKind::kBadValue);
  writer->reset();
  CHECK(!file.closed);
}

TEST_CASE("a full disk is transient and leaves no file") {
  const rows::Batch batch = RandomBatch(50'000, 8);
  MemoryFile whole;
  WriteAll(whole, batch, SmallGroups());
  for (size_t limit = 3; limit < whole.bytes.size(); limit += whole.bytes.size() / 9) {
    MemoryFile file;
    file.fail_after = limit;
    auto writer =
        DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", batch.shared_schema(), SmallGroups());
    Status outcome = writer ? (*writer)->Write(batch, AllRows(batch)) : Status(writer.error());
    if (outcome) {
      const auto closed = (*writer)->Close();
      REQUIRE(!closed.has_value());
      outcome = closed.error();
    }
    CHECK(outcome.error().kind == ErrorKind::kTransient);
    CHECK(outcome.error().message.find("no space left") != std::string::npos);
    CHECK(!file.closed);
  }
}

TEST_CASE("a field without an id is refused") {
  MemoryFile file;
  auto schema = SampleSchema();
  schema->fields[17].element_id = 0;
  const auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", schema);
  REQUIRE(!writer.has_value());
  CHECK(writer.error().kind == ErrorKind::kUnsupported);
}

std::string Hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

std::string MetricsAsJson(const iceberg::DataFile& file) {
  const auto counts = [](const std::map<int32_t, int64_t>& map) {
    std::string out;
    for (const auto& [id, n] : map)
      out += (out.empty() ? "\"" : ",\"") + std::to_string(id) + "\":" + std::to_string(n);
    return "{" + out + "}";
  };
  const auto bounds = [](const std::map<int32_t, std::string>& map) {
    std::string out;
    for (const auto& [id, b] : map)
      out += (out.empty() ? "\"" : ",\"") + std::to_string(id) + "\":\"" + Hex(b) + "\"";
    return "{" + out + "}";
  };
  std::string offsets;
  for (const int64_t offset : file.split_offsets)
    offsets += (offsets.empty() ? "" : ",") + std::to_string(offset);
  return "{\"record_count\":" + std::to_string(file.record_count) +
         ",\"file_size_in_bytes\":" + std::to_string(file.file_size_in_bytes) + ",\"split_offsets\":[" +
         offsets + "],\"column_sizes\":" + counts(file.column_sizes) +
         ",\"value_counts\":" + counts(file.value_counts) +
         ",\"null_value_counts\":" + counts(file.null_value_counts) +
         ",\"nan_value_counts\":" + counts(file.nan_value_counts) +
         ",\"lower_bounds\":" + bounds(file.lower_bounds) + ",\"upper_bounds\":" + bounds(file.upper_bounds) +
         "}";
}

TEST_CASE("pyarrow, DuckDB and pyiceberg agree with file and metrics") {
  MemoryFile file;
  const iceberg::DataFile described = WriteAll(file, SampleBatch());
  const TempFolder folder;
  const std::string path = folder.Save("sample.parquet", file.bytes);
  const std::string metrics = folder.Save("metrics.json", MetricsAsJson(described));
  const std::string command = std::string(CDC_PYTHON) + " " + CDC_SOURCE_DIR +
                              "/tests/unit/parquet/check_file.py " + path + " " + metrics;
  CHECK(std::system(command.c_str()) == 0);
}

}  // namespace
}  // namespace cdc::parquet
