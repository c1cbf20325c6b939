#include "jobs/sink/iceberg/foreign_commits.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/contract/names.h"
#include "tests/support/result_printing.h"

namespace cdc::iceberg_sink {
namespace {

using Summary = std::map<std::string, std::string>;

/// A table whose snapshots 1, 2, … are each other's parents.
struct History {
  iceberg::TableMetadata metadata;

  History() { metadata.table_uuid = "uuid"; }
  History& With(Summary summary) {
    iceberg::Snapshot snapshot;
    snapshot.snapshot_id = static_cast<int64_t>(metadata.snapshots.size()) + 1;
    snapshot.parent_snapshot_id = metadata.current_snapshot_id;
    snapshot.summary = std::move(summary);
    metadata.current_snapshot_id = snapshot.snapshot_id;
    metadata.snapshots.push_back(std::make_shared<iceberg::StoredSnapshot>(snapshot));
    return *this;
  }
};

const Summary kOurs = {{"operation", "append"}, {std::string(contract::kSummaryOffsets), "{}"}};
const Summary kCompacted = {{"operation", "replace"}, {"added-records", "9"}, {"deleted-records", "9"}};
const Summary kDeleted = {
    {"operation", "overwrite"}, {"added-records", "0"}, {"added-position-deletes", "3"}};
const Summary kAppended = {{"operation", "append"}, {"added-records", "1"}};

ErrorKind KindOf(const Status& status) { return status ? ErrorKind::kNotFound : status.error().kind; }

Status Check(const History& now) {
  const History base = History().With(kOurs);
  return CheckForeignCommits(base.metadata, 1, now.metadata, "t");
}

TEST_CASE("the sink continues on top of foreign maintenance and foreign deletes") {
  CHECK(Check(History().With(kOurs)));
  CHECK(Check(History().With(kOurs).With(kCompacted).With(kDeleted)));
}

TEST_CASE("the sink stops where another writer moved the offsets or replaced the table") {
  CHECK(KindOf(Check(History().With(kOurs).With(kCompacted).With(kOurs))) == ErrorKind::kConflict);
  History other = History().With(kOurs);
  other.metadata.table_uuid = "another";
  CHECK(KindOf(Check(other)) == ErrorKind::kConflict);
}

TEST_CASE("the sink stops where the way back to its own snapshot is not listed") {
  History rolled_back;
  rolled_back.metadata.snapshots.clear();
  rolled_back.With(kCompacted);
  rolled_back.metadata.snapshots.front() = [] {
    iceberg::Snapshot snapshot;
    snapshot.snapshot_id = 7;
    snapshot.summary = kCompacted;
    return std::make_shared<iceberg::StoredSnapshot>(snapshot);
  }();
  rolled_back.metadata.current_snapshot_id = 7;
  CHECK(KindOf(Check(rolled_back)) == ErrorKind::kConflict);
}

TEST_CASE("foreign rows are refused, rewritten ones are not") {
  const auto refused = [](Summary summary) {
    return KindOf(Check(History().With(kOurs).With(std::move(summary)).With(kCompacted))) ==
           ErrorKind::kUnsupported;
  };
  CHECK(refused(kAppended));
  CHECK(refused({{"operation", "append"}}));  // does not say how many
  CHECK(refused({{"operation", "overwrite"}, {"added-records", "5"}, {"added-position-deletes", "4"}}));
  CHECK_FALSE(refused({{"operation", "overwrite"}, {"added-records", "4"}, {"added-position-deletes", "4"}}));
  CHECK_FALSE(refused({{"operation", "overwrite"}, {"added-records", "5"}, {"deleted-records", "5"}}));
  // Deletes that go because the rows were rewritten without them.
  CHECK_FALSE(refused({{"operation", "overwrite"},
                       {"added-records", "6"},
                       {"deleted-records", "9"},
                       {"removed-position-deletes", "3"}}));
  CHECK(refused({{"operation", "overwrite"},
                 {"added-records", "8"},
                 {"deleted-records", "9"},
                 {"removed-position-deletes", "3"}}));
}

TEST_CASE("a conflict is one only where another child of the parent is there, or another table") {
  const History base = History().With(kOurs);
  CHECK_FALSE(MovedOn(base.metadata, base.metadata));
  CHECK(MovedOn(base.metadata, History().With(kOurs).With(kCompacted).metadata));
  CHECK_FALSE(MovedOn(base.metadata, History().metadata));  // a cache shows an older table
  CHECK(MovedOn(History().metadata, base.metadata));
  History other = base;
  other.metadata.table_uuid = "another";
  CHECK(MovedOn(base.metadata, other.metadata));
}

}  // namespace
}  // namespace cdc::iceberg_sink
