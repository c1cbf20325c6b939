/// Which snapshots a table keeps while it is written.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/component/worker/changed_table.h"

namespace cdc::worker {

TEST_CASE("beyond a hundred, snapshots are expired however young they are, unless the table keeps more") {
  const int keep = GENERATE(5, 130);
  ChangedTable table;
  table.clock.step_ms = 5;
  table.settings.snapshot_keep = keep;
  auto sink = table.Open();
  int64_t most = 0;
  constexpr int kCommits = 140;
  for (int n = 0; n < kCommits; ++n) {
    REQUIRE(table.Commit(*sink, n));
    REQUIRE(sink->Maintain(Tidying::kIdle));
    most = std::max(most, sink->figures().snapshots);
  }
  const int64_t limit = std::max(100, keep);
  CHECK(most > limit);
  CHECK(most <= limit + 20);
  ChangedTable::Finish(*sink, Tidying::kThorough);
  CHECK(sink->figures().snapshots == limit);
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(kCommits));
}

TEST_CASE("what is young stays up to the hundredth, what is old goes beyond those to be kept") {
  ChangedTable table;
  table.settings.snapshot_keep = 5;
  auto sink = table.Open();
  for (int n = 0; n < 40; ++n) REQUIRE(table.Commit(*sink, n));
  CHECK(sink->FindDue()->snapshots_to_expire == 0);
  table.clock.step_ms = 3'600'000;
  (void)table.clock.steady();
  CHECK(sink->FindDue()->snapshots_to_expire == 35);
}

TEST_CASE("a rewrite under way does not hold the expiry of snapshots up") {
  ChangedTable table;
  table.settings.snapshot_keep = 5;
  table.settings.snapshot_age = std::chrono::milliseconds(0);
  table.clock.step_ms = 60;  // one step at a time
  auto sink = table.Open();
  int n = 0;
  while (n < 12) REQUIRE(table.Commit(*sink, n++));
  int64_t most = 0, files = 0;
  for (int step = 0; step < 20; ++step) {  // of a rewrite that takes more of them
    files = sink->figures().data_files;
    for (int i = 0; i < 3; ++i) REQUIRE(table.Commit(*sink, n++));
    REQUIRE(sink->Maintain(Tidying::kIdle));
    REQUIRE(sink->figures().data_files >= files);
    most = std::max(most, sink->figures().snapshots);
  }
  CHECK(most <= 5 + 20 + 6);
  ChangedTable::Finish(*sink, Tidying::kThorough);
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(n));
}

TEST_CASE("an old snapshot whose files somebody deleted bars expiry, not the table's commits") {
  ChangedTable table;
  table.settings.snapshot_keep = 5;
  table.settings.snapshot_age = std::chrono::milliseconds(0);
  auto sink = table.Open();
  int n = 0;
  while (n < 30) REQUIRE(table.Commit(*sink, n++));
  REQUIRE(sink->Close());
  const auto loaded = table.catalog->LoadTable(IdentOf(table.settings));
  REQUIRE(loaded);
  const auto& kept = loaded->metadata->snapshots.at(loaded->metadata->snapshots.size() - 5);
  REQUIRE(table.files->Delete(kept->manifest_list));
  sink = table.Open();  // remembers nothing of what its commits left behind
  const auto tidied = sink->Maintain(Tidying::kIdle);
  REQUIRE_FALSE(tidied);
  CHECK(tidied.error().kind == ErrorKind::kTransient);  // kCorrupt would hold the table
  CHECK(sink->figures().snapshots >= 30);
  REQUIRE(table.Commit(*sink, n++));
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(n));
}

}  // namespace cdc::worker
