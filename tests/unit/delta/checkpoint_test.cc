#include "lib/delta/checkpoint.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::delta {

TEST_CASE("the actions of a checkpoint are read back from its file") {
  const std::vector<Action> actions = {
      Protocol{3, 7, {"deletionVectors"}, {"deletionVectors", "domainMetadata"}},
      Metadata{"id", {}, "words", "{}", {}, {{"k", "v"}, {"l", "w"}}, 5},
      Transaction{"app", 7},
      DomainMetadata{"cdc.marker", "{\"a\":1}", false},
      AddFile{"a", 1, 2, false, "{\"numRecords\":3}", {}, DeletionVector{"u", "x", 1, 40, 2}},
      AddFile{"b", 1, 2, false, "", {{"t", "u"}}, {}},
      RemoveFile{"c", 9, false, 4, DeletionVector{"i", "y", {}, 4, 1}},
      RemoveFile{"d", {}, false, {}, {}}};
  const testing::TempDir folder;
  const auto files = storage::MakeLocalFileSystem();
  const auto bytes = EncodeCheckpoint(actions);
  REQUIRE(bytes);
  REQUIRE(files->WriteAll(folder / "c.parquet", *bytes));
  const auto read = DecodeCheckpoint(*files->Open(folder / "c.parquet"));
  REQUIRE(read);
  CHECK(*read == actions);
  REQUIRE(files->WriteAll(folder / "d.parquet", bytes->substr(0, bytes->size() / 2)));
  CHECK(DecodeCheckpoint(*files->Open(folder / "d.parquet")).error().kind == ErrorKind::kCorrupt);
}

}  // namespace cdc::delta
