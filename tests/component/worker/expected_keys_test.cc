/// Room in the index for a backlog's keys.

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/component/worker/changed_table.h"

namespace cdc::worker {

TEST_CASE("a backlog's first commit makes room for its keys at once") {
  const auto index_bytes = [](int64_t expected) {
    ChangedTable table;
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0, expected));  // 4,000 new keys
    return std::filesystem::file_size(table.settings.index_folder / "keys.idx");
  };
  constexpr uint64_t kSlot = 24;
  CHECK(index_bytes(0) < 10'000 * kSlot);
  CHECK(index_bytes(16'000) > 20'000 * kSlot);
  CHECK(index_bytes(16'000) < 30'000 * kSlot);
}

}  // namespace cdc::worker
