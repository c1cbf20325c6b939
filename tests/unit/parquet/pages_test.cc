// Where pages, dictionaries and row groups end: pyarrow reads the file with its page checksums, recomputes
// every statistic from the rows, and compares what the footer says with the pages that are there.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <random>

#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"
#include "tests/unit/parquet/files.h"
#include "tests/unit/parquet/sample_rows.h"

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

rows::Batch OneColumn(Type type, bool required = false) {
  auto schema = std::make_shared<rows::Schema>();
  const bool list = type.kind == TypeKind::kList;
  schema->fields = {{1, list ? 2 : 0, "c", required, type}};
  return rows::Batch(schema);
}

/// Files of one test; pyarrow judges them together at the end.
class Judge {
 public:
  ~Judge() {
    const std::string script = std::string(CDC_SOURCE_DIR) + "/tests/unit/parquet/check_pages.py";
    CHECK(std::system((std::string(CDC_PYTHON) + " " + script + files_).c_str()) == 0);
  }
  /// Writes the rows, reads them back, and keeps the file. \param wanted what the first row group's first
  /// column must be: "encoding count" of its pages, in order
  void Check(const rows::Batch& batch, const std::string& wanted, WriterOptions options = {},
             bool turned = false);

 private:
  const TempFolder folder_;
  std::string files_;
  int count_ = 0;
};

void Judge::Check(const rows::Batch& batch, const std::string& wanted, WriterOptions options, bool turned) {
  MemoryFile file;
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "/t/a.parquet",
                                     batch.shared_schema(), options);
  REQUIRE(writer.has_value());
  std::vector<uint32_t> order = AllRows(batch);
  if (turned) std::reverse(order.begin(), order.end());
  REQUIRE((*writer)->Write(batch, order).has_value());
  const auto described = (*writer)->Close();
  REQUIRE(described.has_value());

  auto reader = DataFileReader::Make(std::make_unique<MemoryReader>(file), batch.shared_schema());
  REQUIRE(reader.has_value());
  rows::Batch all(batch.shared_schema()), some(batch.shared_schema());
  int64_t first = 0;
  while ((*reader)->Next(&some, &first).value()) {
    for (size_t c = 0; c < some.column_count(); ++c) {
      for (uint32_t row = 0; row < some.rows(); ++row) all.column(c).AppendFrom(some.column(c), row);
    }
  }
  rows::Batch expected(batch.shared_schema());
  for (size_t c = 0; c < batch.column_count(); ++c) {
    for (const uint32_t row : order) expected.column(c).AppendFrom(batch.column(c), row);
  }
  CHECK(FirstDifference(all, expected) == "");

  files_ += " " + folder_.Save(std::to_string(count_++) + ".parquet", file.bytes) + " '" + wanted + "'";
}

WriterOptions Dictionary(int64_t bytes) {
  WriterOptions options;
  options.dictionary_page_bytes = bytes;
  return options;
}

TEST_CASE("a dictionary's numbers are read at the limits of their widths") {
  Judge judge;
  for (const int64_t distinct : {1, 2, 3, 256, 257, 511, 512, 513, 1025}) {
    rows::Batch batch = OneColumn(Type::Of(TypeKind::kLong));
    for (int64_t i = 0; i < 20'000; ++i) batch.column(0).AppendLong(i % distinct);
    INFO(distinct);
    judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1");
  }
}

TEST_CASE("a dictionary of sixteen bits") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::Of(TypeKind::kInt));
  for (int i = 0; i < 200'000; ++i) batch.column(0).AppendInt(static_cast<int32_t>(i % 50'000));
  // So many distinct ones that a sample of the file's first rows would refuse a dictionary.
  for (int i = 0; i < 200'000; ++i) batch.column(0).AppendInt(7);
  WriterOptions options = Dictionary(1 << 20);
  options.open_bytes = 64 << 20;
  options.row_group_rows = 1 << 20;
  judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1 data:PLAIN:6", options);
}

TEST_CASE("beyond its limit a dictionary is given up in the middle of a row group") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::Of(TypeKind::kString));
  // Few at first, so that the choice is for a dictionary.
  for (int i = 0; i < 60'000; ++i) {
    if (i % 11 == 0) {
      batch.column(0).AppendNull();
    } else {
      batch.column(0).AppendBytes("value " + std::to_string(i < 30'000 || i > 50'000 ? i % 40 : i));
    }
  }
  judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1 data:PLAIN:2", Dictionary(8 << 10));
  WriterOptions options = Dictionary(8 << 10);
  options.row_group_rows = 35'000;  // the next group begins with a dictionary again
  judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1 data:PLAIN:1", options);
}

TEST_CASE("a dictionary that a page fills just at its end") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::Of(TypeKind::kLong));
  for (int64_t i = 0; i < 4096; ++i) batch.column(0).AppendLong(i < 2048 ? i % 2 : i % 256);
  judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1", Dictionary(256 * 8));
}

TEST_CASE("columns without a value, and with the first one late") {
  Judge judge;
  for (const bool late : {false, true}) {
    for (const Type type :
         {Type::Of(TypeKind::kString), Type::Of(TypeKind::kInt), Type::Of(TypeKind::kBoolean),
          Type::Decimal(30, 2), Type::ListOf(Type::Of(TypeKind::kString))}) {
      rows::Batch batch = OneColumn(type);
      for (int i = 0; i < 10'000; ++i) batch.column(0).AppendNull();
      if (late) {
        if (type.kind == TypeKind::kString) batch.column(0).AppendBytes("");
        if (type.kind == TypeKind::kInt) batch.column(0).AppendInt(-1);
        if (type.kind == TypeKind::kBoolean) batch.column(0).AppendBoolean(false);
        if (type.kind == TypeKind::kDecimal) batch.column(0).AppendDecimal(-1);
        if (type.kind == TypeKind::kList) batch.column(0).EndList();
      }
      INFO(ToString(type) << (late ? ", late" : ""));
      judge.Check(batch, "");
    }
  }
}

/// Plain pages of a table with many columns, or of wide ones.
WriterOptions SmallPages() {
  WriterOptions options;
  options.open_bytes = 1;  // the least pages there are: 8 KB
  options.dictionary_page_bytes = 1;
  return options;
}

TEST_CASE("pages end among runs of nulls and values, in any order of rows") {
  Judge judge;
  for (const uint32_t length : {1u, 3u, 8u, 50u, 5'000u}) {
    rows::Batch batch = OneColumn(Type::Of(TypeKind::kLong));
    std::mt19937 random(length);
    for (int i = 0; i < 30'000;) {
      const bool value = random() % 2 == 0;
      for (uint32_t n = 1 + random() % length; n > 0 && i < 30'000; --n, ++i) {
        if (value) {
          batch.column(0).AppendLong(static_cast<int64_t>(random()) << 20);
        } else {
          batch.column(0).AppendNull();
        }
      }
    }
    judge.Check(batch, "", SmallPages());
    judge.Check(batch, "", SmallPages(), true);
  }
}

TEST_CASE("levels of a page that just fit before its values, and just do not") {
  Judge judge;
  for (int rows = 380; rows < 560; rows += 8) {  // an eighth of it bytes of levels, and a few
    rows::Batch batch = OneColumn(Type::Of(TypeKind::kLong));
    for (int i = 0; i < rows; ++i) {
      if (i % 2 == 0) {
        batch.column(0).AppendNull();
      } else {
        batch.column(0).AppendLong(int64_t{i} << 40);
      }
    }
    judge.Check(batch, "data:PLAIN:1", SmallPages());
  }
}

TEST_CASE("lists over many pages: none is cut, empty ones and nulls among them, one longer than a page") {
  Judge judge;
  for (const bool required : {false, true}) {
    rows::Batch batch = OneColumn(Type::ListOf(Type::Of(TypeKind::kInt)), required);
    std::mt19937 random(3);
    for (int i = 0; i < 9'000; ++i) {
      if (!required && random() % 6 == 0) {
        batch.column(0).AppendNull();
        continue;
      }
      const uint32_t longest = i == 4'000 ? 100'000 : 9;
      for (uint32_t n = i == 4'000 ? longest : random() % longest; n > 0; --n) {
        rows::Column& elements = batch.column(0).BeginList();
        if (random() % 5 == 0) {
          elements.AppendNull();
        } else {
          elements.AppendInt(static_cast<int32_t>(random()));
        }
      }
      batch.column(0).EndList();
    }
    judge.Check(batch, "", SmallPages());
    judge.Check(batch, "");
  }
}

TEST_CASE("a list of more distinct values than a dictionary numbers") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::ListOf(Type::Of(TypeKind::kInt)));
  for (int i = 0; i < 5'000; ++i) {
    batch.column(0).BeginList().AppendInt(i % 10);
    batch.column(0).EndList();
  }
  for (int n = 0; n < 200'000; ++n) batch.column(0).BeginList().AppendInt(n);
  batch.column(0).EndList();
  judge.Check(batch, "dictionary:PLAIN:1 data:RLE_DICTIONARY:1 data:PLAIN:1", Dictionary(60'000));
}

TEST_CASE("a row group begins with a list of more values than a dictionary numbers") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::ListOf(Type::Of(TypeKind::kLong)));
  for (int group = 0; group < 2; ++group) {
    // The sample wants a dictionary.
    for (int n = 0; n < 100'000; ++n) batch.column(0).BeginList().AppendLong(n < 3000 ? 7 : n);
    batch.column(0).EndList();
  }
  WriterOptions options;
  options.row_group_rows = 1;
  judge.Check(batch, "data:PLAIN:1", options);
}

TEST_CASE("values larger than a page, and too large for a statistic") {
  Judge judge;
  for (const size_t size : {size_t{4096}, size_t{4097}, size_t{600'000}}) {
    rows::Batch batch = OneColumn(Type::Of(TypeKind::kString));
    batch.column(0).AppendBytes("m");
    batch.column(0).AppendBytes(std::string(size, 'z'));
    batch.column(0).AppendBytes("");
    batch.column(0).AppendBytes(std::string(size, 'z') + "z");
    batch.column(0).AppendBytes("n");
    judge.Check(batch, "");
    judge.Check(batch, "", SmallPages());
  }
}

TEST_CASE("floats: NaN is no bound, and zero has both signs") {
  Judge judge;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values :
       {std::vector{nan}, std::vector{0.0}, std::vector{-0.0}, std::vector{nan, -0.0, 5.5},
        std::vector{-1.5, 0.0, nan}, std::vector{nan, -1.5, -2.5, nan}}) {
    for (const uint32_t times : {1u, 500u}) {
      rows::Batch batch = OneColumn(Type::Of(TypeKind::kDouble)),
                  narrow = OneColumn(Type::Of(TypeKind::kFloat));
      for (uint32_t i = 0; i < times; ++i) {
        for (const double v : values) {
          batch.column(0).AppendDouble(v);
          narrow.column(0).AppendFloat(static_cast<float>(v));
        }
      }
      judge.Check(batch, "");
      judge.Check(narrow, "");
      judge.Check(batch, "", SmallPages());
      judge.Check(narrow, "", SmallPages());
    }
  }
}

TEST_CASE("decimals of every width have the bounds of their signs") {
  Judge judge;
  for (int precision = 1; precision <= 38; ++precision) {
    rows::Batch batch = OneColumn(Type::Decimal(precision, precision / 2));
    Int128 most = 1;
    for (int i = 0; i < precision; ++i) most *= 10;
    std::mt19937_64 random(static_cast<uint64_t>(precision));
    for (int i = 0; i < 300; ++i) {
      const Int128 v = (Int128{static_cast<int64_t>(random())} << 64 | random()) % most;
      batch.column(0).AppendDecimal(v);
    }
    for (const Int128 v : {most - 1, Int128{0}, Int128{-1}, 1 - most}) batch.column(0).AppendDecimal(v);
    INFO(precision);
    judge.Check(batch, "", precision % 2 == 0 ? SmallPages() : WriterOptions{});
  }
}

TEST_CASE("texts that are all empty have a bound") {
  Judge judge;
  rows::Batch batch = OneColumn(Type::Of(TypeKind::kString));
  batch.column(0).AppendBytes("");
  judge.Check(batch, "");
  judge.Check(batch, "", SmallPages());
}

TEST_CASE("bounds outlive the batch that they come from") {
  MemoryFile file;
  auto schema = std::make_shared<rows::Schema>();
  schema->fields = {{1, 0, "text", false, Type::Of(TypeKind::kString)}};
  auto batch = std::make_unique<rows::Batch>(schema);
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "f", schema);
  REQUIRE(writer.has_value());
  for (int i = 0; i < 500; ++i) batch->column(0).AppendBytes("row " + std::to_string(1000 + i));
  REQUIRE((*writer)->Write(*batch, AllRows(*batch)).has_value());
  batch->Truncate(0);
  for (int i = 0; i < 500; ++i) batch->column(0).AppendBytes("other" + std::to_string(1000 + i));
  batch.reset();
  const auto closed = (*writer)->Close();
  REQUIRE(closed.has_value());
  CHECK(closed->lower_bounds.at(1) == "row 1000");
  CHECK(closed->upper_bounds.at(1) == "row 1499");
}

}  // namespace
}  // namespace cdc::parquet
