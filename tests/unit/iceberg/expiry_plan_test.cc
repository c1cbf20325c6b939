#include <catch2/catch_test_macros.hpp>

#include "lib/iceberg/expire.h"

namespace cdc::iceberg {
namespace {

/// Snapshots 1..n, one a second, each the parent of the next; n is main's head.
TableMetadata Chain(int n) {
  TableMetadata m;
  for (int id = 1; id <= n; ++id) {
    Snapshot snapshot;
    snapshot.snapshot_id = id;
    snapshot.timestamp_ms = id * 1000;
    if (id > 1) snapshot.parent_snapshot_id = id - 1;
    m.snapshots.push_back(std::make_shared<StoredSnapshot>(snapshot));
  }
  m.current_snapshot_id = n;
  m.refs["main"] = SnapshotRef{n, "branch", {}, {}, {}};
  return m;
}

void SetSummary(TableMetadata* m, int64_t id, const std::string& key) {
  for (SnapshotPtr& s : m->snapshots) {
    if (s->snapshot_id != id) continue;
    Snapshot changed = *s;
    changed.summary[key] = "x";
    s = std::make_shared<StoredSnapshot>(changed);
  }
}

using Ids = std::vector<int64_t>;

TEST_CASE("age and numbers decide") {
  const TableMetadata m = Chain(10);
  CHECK(PlanExpiry(m, {2500, 1, 0, ""}, 10'000) == Ids{1, 2, 3, 4, 5, 6, 7});
  CHECK(PlanExpiry(m, {2500, 5, 0, ""}, 10'000) == Ids{1, 2, 3, 4, 5});
  CHECK(PlanExpiry(m, {1'000'000, 1, 4, ""}, 10'000) == Ids{1, 2, 3, 4, 5, 6});
  CHECK(PlanExpiry(m, {1'000'000, 6, 4, ""}, 10'000) == Ids{1, 2, 3, 4});
  CHECK(PlanExpiry(m, {0, 0, 0, ""}, 1'000'000) == Ids{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(PlanExpiry(TableMetadata(), {}, 0).empty());
}

TEST_CASE("the newest offsets stay, and the way to them") {
  TableMetadata m = Chain(10);
  SetSummary(&m, 3, "cdc.offsets");
  SetSummary(&m, 7, "cdc.offsets");
  CHECK(PlanExpiry(m, {0, 1, 0, "cdc.offsets"}, 1'000'000) == Ids{1, 2, 3, 4, 5, 6});
}

TEST_CASE("tags and branches keep their heads, branches their own rules") {
  TableMetadata m = Chain(10);
  m.refs["release"] = SnapshotRef{2, "tag", {}, {}, {}};
  m.refs["audit"] = SnapshotRef{6, "branch", 2, {}, {}};
  CHECK(PlanExpiry(m, {0, 1, 0, ""}, 1'000'000) == Ids{1, 3, 4, 7, 8, 9});
}

TEST_CASE("snapshots in no branch go by age") {
  TableMetadata m = Chain(3);
  Snapshot loose;
  loose.snapshot_id = 50;
  loose.timestamp_ms = 2'000;
  m.snapshots.push_back(std::make_shared<StoredSnapshot>(loose));
  CHECK(PlanExpiry(m, {5'000, 1, 0, ""}, 4'000).empty());
  CHECK(PlanExpiry(m, {1'000, 3, 0, ""}, 4'000) == Ids{50});
}

}  // namespace
}  // namespace cdc::iceberg
