#include "jobs/source/known_columns.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

namespace fs = std::filesystem;

event::SourceColumn Column(const char* name, rows::Type type) {
  event::SourceColumn column;
  column.name = name;
  column.type = std::move(type);
  return column;
}

}  // namespace

TEST_CASE("learnt columns outlive the run, and a damaged file is as good as none") {
  const fs::path folder = fs::temp_directory_path() / "cdc-known-columns";
  const fs::path file = folder / "source-columns";
  fs::remove_all(folder);
  REQUIRE(KnownColumns(file).Learn({Column("price", rows::Type::Decimal(12, 2))}));
  {
    KnownColumns known(file);
    REQUIRE(known.schema().fields.size() == 1);
    CHECK(known.schema().fields[0].type == rows::Type::Decimal(12, 2));
    REQUIRE(known.Learn({Column("price", rows::Type::Of(rows::TypeKind::kString))}));  // the newer type
  }
  CHECK(KnownColumns(file).schema().fields.at(0).type.kind == rows::TypeKind::kString);

  std::ifstream in(file, std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  for (size_t at = 0; at < sound.size(); ++at) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    INFO("byte " << at);
    CHECK(KnownColumns(file).schema().fields.empty());
  }
  fs::remove_all(folder);
}

}  // namespace cdc::source
