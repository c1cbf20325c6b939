#include "jobs/sink/iceberg/type_change_note.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::iceberg_sink {

using rows::Type;
using rows::TypeKind;

TEST_CASE("what a held table waits for is read back, unless the table has changed since") {
  char name[] = "/tmp/cdc-note-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  rows::Schema table;
  table.fields = {{1, 0, "id", true, Type::Of(TypeKind::kInt)},
                  {2, 0, "n", false, Type::Decimal(12, 2)},
                  {3, 4, "a", false, Type::ListOf(Type::Of(TypeKind::kInt))}};
  const std::vector<Retyped> columns = {
      {"n", Type::Decimal(12, 2), Type::Of(TypeKind::kString)},
      {"a", Type::ListOf(Type::Of(TypeKind::kInt)), Type::ListOf(Type::Of(TypeKind::kString))}};
  CHECK(ReadRetyped(folder, "uuid", table).empty());
  REQUIRE(NoteRetyped(folder, "uuid", columns));
  CHECK(ReadRetyped(folder, "uuid", table) == columns);
  CHECK(ReadRetyped(folder, "other", table).empty());
  table.fields[1].type = Type::Of(TypeKind::kString);
  CHECK(ReadRetyped(folder, "uuid", table).empty());
  ForgetRetyped(folder);
  std::filesystem::remove_all(folder);
}

}  // namespace cdc::iceberg_sink
