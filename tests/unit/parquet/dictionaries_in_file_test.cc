// What the writer makes of the choice of dictionaries, judged by pyarrow.

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <numeric>

#include "lib/parquet/data_file_writer.h"
#include "tests/unit/parquet/files.h"

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

/// Of each column of the file's first row group: whether a dictionary was written (also one that was given
/// up).
constexpr const char* kJudge =
    "import sys, pyarrow.parquet as pq\n"
    "group = pq.ParquetFile(sys.argv[1]).metadata.row_group(0)\n"
    "seen = {group.column(i).path_in_schema: group.column(i).has_dictionary_page for i in "
    "range(group.num_columns)}\n"
    "wanted = {'few': True, 'new': False, 'texts': False, 'words': True, 'lists.list.element': False}\n"
    "sys.exit(0 if seen == wanted else f'{seen}, not {wanted}')\n";

TEST_CASE("a column whose dictionary would be given up is written without one, others with theirs") {
  auto schema = std::make_shared<rows::Schema>();
  schema->fields.push_back({1, 0, "few", true, Type::Of(TypeKind::kLong)});
  schema->fields.push_back({2, 0, "new", false, Type::Of(TypeKind::kLong)});
  schema->fields.push_back({3, 0, "texts", false, Type::Of(TypeKind::kString)});
  schema->fields.push_back({4, 0, "words", false, Type::Of(TypeKind::kString)});
  schema->fields.push_back({5, 6, "lists", false, Type{TypeKind::kList, 0, 0, TypeKind::kLong}});
  rows::Batch batch(schema);
  constexpr int kRows = 20'000;
  for (int i = 0; i < kRows; ++i) {
    batch.column(0).AppendLong(i % 50);
    batch.column(1).AppendLong(i);
    batch.column(2).AppendBytes("a text of row " + std::to_string(i));
    batch.column(3).AppendBytes(i % 3 == 0 ? "yes" : "no");
    batch.column(4).BeginList().AppendLong(i);
    batch.column(4).EndList();
  }
  MemoryFile file;
  auto writer = DataFileWriter::Make(std::make_unique<MemoryWriter>(file), "/t/a.parquet", schema, {});
  REQUIRE(writer.has_value());
  std::vector<uint32_t> all(kRows);
  std::iota(all.begin(), all.end(), 0);
  REQUIRE((*writer)->Write(batch, all).has_value());
  REQUIRE((*writer)->Close().has_value());
  const TempFolder folder;
  const std::string path = folder.Save("a.parquet", file.bytes);
  const std::string judge = folder.Save("judge.py", kJudge);
  CHECK(std::system((std::string(CDC_PYTHON) + " " + judge + " " + path).c_str()) == 0);
}

}  // namespace
}  // namespace cdc::parquet
