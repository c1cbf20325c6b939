#include "jobs/source/key_changes.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::source {
namespace {

using event::LogPosition;

Hash128 Key(uint64_t number) { return {number, number}; }

FormerRow RowInTable(const Hash128& key) {
  FormerRow row;
  row.known = true;
  row.table = Gap{key};
  return row;
}

event::Source At(uint64_t transaction, uint64_t lsn, int64_t ms = 1) {
  event::Source source;
  source.position = LogPosition{transaction, lsn};
  source.ts_ms = ms;
  return source;
}

TEST_CASE("a displaced row is taken once, and survives a restart") {
  KeyChanges changes({});
  changes.Displace(Key(2), RowInTable(Key(2)), LogPosition{100, 110}, {});
  CHECK(changes.unsettled());
  CHECK(changes.DisplacedFromTable() == std::vector{Key(2)});
  KeyChanges later(*contract::DecodeKeyChanges(contract::EncodeKeyChanges(changes.state())));
  CHECK_FALSE(later.unsettled());
  REQUIRE(later.HasDisplaced(Key(2), LogPosition{100, 120}));
  const KeyChanges::Displaced row = later.TakeDisplaced(Key(2), {});
  CHECK(row.row.known);
  CHECK(row.row.table->displaced);
  CHECK_FALSE(later.HasDisplaced(Key(2), LogPosition{100, 130}));
  CHECK(later.state().displaced.empty());
}

TEST_CASE("no row stays displaced beyond its transaction") {
  KeyChanges changes({});
  changes.Displace(Key(2), RowInTable(Key(2)), LogPosition{100, 110}, {});
  CHECK_FALSE(changes.HasDisplaced(Key(2), LogPosition{200, 210}));
  CHECK_FALSE(changes.unsettled());
  // A key that only tables.toml names has no such promise.
  changes.Displace(Key(3), RowInTable(Key(3)), std::nullopt, {});
  CHECK(changes.HasDisplaced(Key(3), LogPosition{300, 310}));
}

TEST_CASE("a row of the batch alone is known until the batch is committed") {
  KeyChanges changes({});
  FormerRow row;
  row.known = true;
  row.slot.state = Slot::State::kLive;
  changes.Displace(Key(1), row, LogPosition{100, 110}, {});
  CHECK(changes.DisplacedFromTable().empty());
  changes.CarryOver();
  CHECK_FALSE(changes.TakeDisplaced(Key(1), {}).row.known);
}

TEST_CASE("changes are told to be sent again by their place in the log") {
  KeyChanges changes({});
  int64_t offset = 0;
  const auto again = [&](const event::Source& source, Part part, int64_t ms = 0, uint64_t row = 0) {
    return changes.SentAgain({0, offset++, ms, row}, source, part);
  };
  CHECK_FALSE(again(At(100, 110), Part::kSingle));
  CHECK_FALSE(again(At(100, 110), Part::kSecondHalf));
  CHECK(again(At(100, 110), Part::kSingle));
  CHECK(again(At(100, 110), Part::kSecondHalf));
  // A transaction that began earlier and commits later.
  CHECK_FALSE(again(At(120, 105), Part::kSingle));
  CHECK(again(At(100, 110), Part::kSingle));
  // Another server's log.
  CHECK_FALSE(again(At(5, 6, 9), Part::kSingle));
  // The rows of one COPY, and the same rows once more.
  CHECK_FALSE(again(At(7, 8, 9), Part::kRow, 1000, 41));
  CHECK_FALSE(again(At(7, 8, 9), Part::kRow, 1000, 42));
  CHECK(again(At(7, 8, 9), Part::kRow, 3000, 41));
  CHECK(again(At(7, 8, 9), Part::kRow, 3000, 42));
  CHECK_FALSE(again(At(7, 8, 9), Part::kRow, 3000, 43));
}

TEST_CASE("a message that is taken again after a commit is not sent again") {
  KeyChanges changes({});
  CHECK_FALSE(changes.SentAgain({0, 5, 0, 0}, At(100, 110), Part::kSingle));
  CHECK_FALSE(changes.SentAgain({0, 5, 0, 0}, At(100, 110), Part::kSingle));
  CHECK(changes.SentAgain({0, 6, 0, 0}, At(100, 110), Part::kSingle));
}

TEST_CASE("a commit that leaves a first half out remembers the time before it") {
  KeyChanges changes({});
  CHECK_FALSE(changes.SentAgain({0, 1, 0, 0}, At(100, 110), Part::kSingle));
  KeyChanges::Open first_half;
  first_half.offset = 2;
  first_half.before = changes.newest(0);
  CHECK_FALSE(changes.SentAgain({0, 2, 0, 0}, At(100, 120), Part::kSingle));
  changes.Begin(Key(1), first_half);
  KeyChanges later(changes.state());
  CHECK_FALSE(later.SentAgain({0, 2, 0, 0}, At(100, 120), Part::kSingle));
}

}  // namespace
}  // namespace cdc::source
