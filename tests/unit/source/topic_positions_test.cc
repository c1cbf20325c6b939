#include "jobs/source/topic_positions.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

kafka::OwnRecord Record(int32_t partition, int64_t offset, const std::string& value) {
  return {"t", partition, offset, 1'000 + offset, "k", value, {}};
}

contract::LastRecord SeenAs(const kafka::OwnRecord& record) {
  return {record.offset, contract::Fingerprint(*record.key, *record.value, record.timestamp_ms)};
}

const TopicPositions::Bound kAll = [](int32_t) { return std::nullopt; };

}  // namespace

TEST_CASE(
    "reading begins behind the checkpoint with a look at the record before, and at the start of what is "
    "new") {
  const auto earlier = Record(0, 4, "old");
  worker::Checkpoint checkpoint;
  checkpoint.offsets["t"] = {{0, 5}};
  checkpoint.last_records["t"] = {{0, SeenAs(earlier)}};
  TopicPositions positions("t", "t", 2);
  const auto start = positions.Begin({{"t", 0, 2, 9}, {"t", 1, 3, 3}}, checkpoint);
  REQUIRE(start);
  CHECK(start->offsets[0].offset == 5);
  CHECK(start->offsets[1].offset == 3);
  CHECK(start->look_back.at({"t", 0}) == 4);
  CHECK(start->truncated.empty());
  CHECK(positions.looking_back());
  CHECK_FALSE(positions.caught_up());
  CHECK(positions.backlog() == 4);

  SECTION("the record before is the same") {
    CHECK(positions.Recognise(kafka::Message::Of(earlier)));
    CHECK_FALSE(positions.looking_back());
  }
  SECTION("it is another: the topic was made anew") {
    const auto other = Record(0, 4, "new");
    const auto seen = positions.Recognise(kafka::Message::Of(other));
    REQUIRE_FALSE(seen);
    CHECK(seen.error().kind == ErrorKind::kUnsupported);
  }
}

TEST_CASE("offsets out of Kafka's range, and partitions that are gone, hold the table") {
  worker::Checkpoint checkpoint;
  TopicPositions positions("t", "t", 1);
  SECTION("behind the oldest record") { checkpoint.offsets["t"] = {{0, 1}}; }
  SECTION("beyond the end") { checkpoint.offsets["t"] = {{0, 10}}; }
  SECTION("a partition less") { checkpoint.offsets["t"] = {{0, 5}, {1, 5}}; }
  const auto start = positions.Begin({{"t", 0, 2, 9}}, checkpoint);
  REQUIRE_FALSE(start);
  CHECK(start.error().kind == ErrorKind::kUnsupported);
  CHECK(start.error().hint.find("cdc reset t") != std::string::npos);
}

TEST_CASE("a commit moves a position to what is taken, or to where a key change is open") {
  TopicPositions positions("t", "t", 1);
  REQUIRE(positions.Begin({{"t", 0, 0, 2}}, std::nullopt));
  CHECK_FALSE(positions.dirty(kAll));
  const auto first = Record(0, 0, "a"), second = Record(0, 1, "b");
  positions.NoteTaken(kafka::Message::Of(first));
  CHECK_FALSE(positions.drained());
  positions.NoteTaken(kafka::Message::Of(second));
  CHECK(positions.drained());
  CHECK(positions.dirty(kAll));
  const TopicPositions::Bound at_one = [](int32_t) { return 1; };
  CHECK(positions.Committable(at_one).at(0) == 1);
  positions.HandOver(positions.Committable(kAll));
  CHECK_FALSE(positions.dirty(kAll));
  positions.NoteEnd({"t", 0, 5});  // behind a transaction's marker
  CHECK(positions.caught_up());
  CHECK(positions.Committable(kAll).at(0) == 5);
}

TEST_CASE(
    "the checkpoint has the last record before the committed offset, and none behind an open key change") {
  TopicPositions positions("t", "t", 1);
  REQUIRE(positions.Begin({{"t", 0, 0, 2}}, std::nullopt));
  const auto first = Record(0, 0, "a"), second = Record(0, 1, "b");
  const kafka::Message one = kafka::Message::Of(first), two = kafka::Message::Of(second);
  positions.NoteTaken(one);
  positions.NoteTaken(two);
  positions.NoteLastRecords();
  worker::Checkpoint whole, held;
  positions.Describe(kAll, &whole);
  CHECK(whole.last_records.at("t").at(0) == SeenAs(second));
  CHECK(whole.valid_through_ms == 1'001);
  positions.Describe([](int32_t) { return 1; }, &held);
  CHECK(held.offsets.at("t").at(0) == 1);
  CHECK(held.last_records.empty());
}

TEST_CASE("a batch has to be proven again after a pause, by a record from before it") {
  TopicPositions positions("t", "t", 1);
  REQUIRE(positions.Begin({{"t", 0, 0, 9}}, std::nullopt));
  const auto first = Record(0, 0, "a"), second = Record(0, 1, "b"), third = Record(0, 2, "c");
  const kafka::Message one = kafka::Message::Of(first), two = kafka::Message::Of(second),
                       three = kafka::Message::Of(third);
  positions.NoteTaken(one);
  positions.NoteLastRecords();
  CHECK(positions.TakeWitnesses(true).empty());  // the first record proves itself
  positions.NoteTaken(two);
  positions.NoteLastRecords();
  CHECK(positions.TakeWitnesses(false).empty());  // read in one go
  positions.NoteEnd({"t", 0, 2});
  positions.NoteTaken(three);
  positions.NoteLastRecords();
  const contract::LastRecords witnesses = positions.TakeWitnesses(false);
  REQUIRE(witnesses.contains(0));
  CHECK(witnesses.at(0).offset == 0);
  CHECK(positions.TakeWitnesses(true).empty());
}

}  // namespace cdc::source
