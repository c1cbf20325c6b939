#include <catch2/catch_test_macros.hpp>

#include "lib/contract/job_message.h"
#include "lib/contract/offsets.h"
#include "lib/contract/report.h"

namespace cdc::contract {

TEST_CASE("offsets survive the trip, garbage does not pass") {
  CHECK(EncodeOffsets(TopicOffsets{{"t", {{2, 7}, {10, 1}}}}) == R"({"t":{"2":7,"10":1}})");
  CHECK(*DecodeTopicOffsets(R"({"t":{"2":7,"10":1}})") == TopicOffsets{{"t", {{2, 7}, {10, 1}}}});
  CHECK(*DecodePartitionOffsets("{}") == PartitionOffsets{});
  for (const char* bad : {"", "[]", "{\"t\":3}", "{\"t\":{\"-1\":3}}", "{\"t\":{\"1x\":3}}",
                          "{\"t\":{\"1\":-3}}", "{\"t\":{\"1\":1.5}}", "{\"t\":{\"1\":\"3\"}}"}) {
    INFO(bad);
    CHECK_FALSE(DecodeTopicOffsets(bad).has_value());
  }
}

TEST_CASE("a report is one line with the contract's fields") {
  Report report{.table = "t",
                .run = "17",
                .exit = 78,
                .from = {{0, 1}},
                .to = {{0, 5}},
                .events = 4,
                .rows = 3,
                .deletes = 2,
                .dead_letters = 1,
                .left_alone = 6,
                .snapshot_id = 9007199254740993,
                .seconds = 1.5,
                .peak_rss_bytes = 1 << 20,
                .reason = "line\nbreak \"quoted\""};
  std::string line = EncodeReport(report);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.starts_with(R"({"table":"t","run":"17","exit":78,"from":{"0":1},"to":{"0":5},"events":4)"));
  auto read = DecodeReport(line);
  REQUIRE(read.has_value());
  CHECK(EncodeReport(*read) == line);
  CHECK(read->snapshot_id == 9007199254740993);
  CHECK(read->left_alone == 6);
  CHECK_FALSE(DecodeReport("Segmentation fault").has_value());
  CHECK_FALSE(DecodeReport("{\"table\":3}").has_value());
  CHECK_FALSE(DecodeReport("{\"table\":\"t\",\"rows\":\"many\"}").has_value());
}

TEST_CASE("messages survive the trip") {
  Progress progress{.next = {{0, 12}},
                    .lag = 3,
                    .caught_up = true,
                    .in_doubt = true,
                    .events = 1,
                    .rows = 2,
                    .deletes = 4,
                    .dead_letters = 3,
                    .left_alone = 8,
                    .snapshot_id = -5,
                    .last_commit_ms = 77,
                    .doing = "writing"};
  auto read = DecodeMessage(EncodeMessage(progress));
  REQUIRE(read.has_value());
  CHECK(EncodeMessage(*read) == EncodeMessage(progress));
  CHECK(std::get<Progress>(*read).deletes == 4);
  CHECK(std::get<Progress>(*read).left_alone == 8);
  CHECK(std::get<Progress>(*read).doing == "writing");
  CHECK(std::get<Progress>(*read).next == PartitionOffsets{{0, 12}});
  CHECK(std::holds_alternative<Ready>(*DecodeMessage(EncodeMessage(Ready{}))));
  CHECK(std::get<Exiting>(*DecodeMessage(EncodeMessage(Exiting{{{1, 2}}}))).next == PartitionOffsets{{1, 2}});
  CHECK_FALSE(DecodeMessage("{\"type\":\"progress\"}").has_value());
  CHECK_FALSE(DecodeMessage("{\"type\":3}").has_value());
  CHECK_FALSE(DecodeMessage("nonsense").has_value());
  for (Command c : {Command::kStop, Command::kYield, Command::kGo, Command::kStay}) {
    CHECK(*DecodeCommand(EncodeCommand(c)) == c);
  }
}

}  // namespace cdc::contract
