#include "jobs/sink/delta/stored_rows.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "lib/rows/cast.h"
#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::delta_sink {
namespace {

using rows::Type;
using rows::TypeKind;

delta::TableSchema Columns(const std::vector<Type>& types) {
  auto logical = std::make_shared<rows::Schema>();
  delta::TableSchema schema;
  for (const Type& type : types) {
    const int id = static_cast<int>(logical->fields.size()) + 1;
    logical->fields.push_back(
        {id, type.kind == TypeKind::kList ? id + 100 : 0, "c" + std::to_string(id), false, type});
    schema.physical.push_back("p" + std::to_string(id));
  }
  schema.logical = logical;
  return schema;
}

}  // namespace

TEST_CASE("times and uuids are read back from their text, all rows and some, whole and in part") {
  const testing::TempDir folder;
  const auto files = storage::MakeLocalFileSystem();
  const auto columns = Columns({Type::Of(TypeKind::kLong), Type::Of(TypeKind::kUuid),
                                Type::Of(TypeKind::kTime), Type::ListOf(Type::Of(TypeKind::kUuid))});
  rows::Batch batch(columns.logical);
  constexpr uint32_t kRows = 10'000;
  for (uint32_t row = 0; row < kRows; ++row) {
    char uuid[16] = {};
    std::memcpy(uuid + 4, &row, sizeof row);
    batch.column(0).AppendLong(row);
    row % 7 == 0 ? batch.column(1).AppendNull() : batch.column(1).AppendUuid(uuid);
    row % 5 == 0 ? batch.column(2).AppendNull() : batch.column(2).AppendLong(row * 8'000'001LL);
    rows::Column& element = batch.column(3).BeginList();
    for (uint32_t i = 0; i < row % 3; ++i) i == 1 ? element.AppendNull() : element.AppendUuid(uuid);
    batch.column(3).EndList();
  }
  std::vector<uint32_t> all(kRows);
  std::iota(all.begin(), all.end(), 0U);
  const std::string path = folder / "f.parquet";
  auto writer = CreateStored(*files->Create(path), path, columns, {});
  REQUIRE(writer);
  REQUIRE((*writer)->Write(batch, all));
  REQUIRE((*writer)->Close());

  const auto same = [&batch](const rows::Batch& read, uint32_t row, uint32_t original) {
    for (size_t c = 0; c < read.column_count(); ++c) {
      INFO(c << " " << original);
      REQUIRE(rows::CellText(read.column(c), row) == rows::CellText(batch.column(c), original));
    }
  };
  auto reader = OpenStored(*files->Open(path), columns.logical, columns);
  REQUIRE(reader);
  rows::Batch read(columns.logical);
  int64_t first = 0, count = 0;
  while (*(*reader)->Next(&read, &first)) {
    for (uint32_t row = 0; row < read.rows(); ++row) same(read, row, static_cast<uint32_t>(first) + row);
    count += read.rows();
  }
  CHECK(count == kRows);
  read.Truncate(0);
  const std::vector<int64_t> some = {1, 5, 9'999}, more = {7};
  REQUIRE((*reader)->ReadRows(some, &read));
  REQUIRE((*reader)->ReadRows(more, &read));
  REQUIRE(read.rows() == 4);
  same(read, 2, 9'999);
  same(read, 3, 7);
  // By physical name: a column of another one is null.
  auto renamed = columns;
  renamed.physical[1] = "other";
  reader = OpenStored(*files->Open(path), columns.logical, renamed);
  REQUIRE(reader);
  REQUIRE(*(*reader)->Next(&read, &first));
  CHECK_FALSE(read.column(1).has_value(1));
  CHECK(read.column(0).has_value(1));
}

}  // namespace cdc::delta_sink
