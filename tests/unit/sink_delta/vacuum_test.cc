#include "jobs/sink/delta/vacuum.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/iceberg/metadata.h"
#include "tests/support/result_printing.h"

namespace cdc::delta_sink {
namespace {

constexpr int64_t kHour = 3'600'000, kNow = 1'000 * kHour;

}  // namespace

TEST_CASE("intervals are read, and what is none counts as the default") {
  CHECK(IntervalMs("interval 7 days", 1) == 7 * 24 * kHour);
  CHECK(IntervalMs("interval 1 day", 1) == 24 * kHour);
  CHECK(IntervalMs("2 weeks", 1) == 14 * 24 * kHour);
  CHECK(IntervalMs("interval 90 minutes", 1) == 90 * 60'000);
  for (const char* text : {"", "interval", "interval x days", "interval -1 days", "interval 1 fortnight",
                           "interval 1 day 2 hours"})
    CHECK(IntervalMs(text, 77) == 77);
}

TEST_CASE("only files of ours go that nothing needs and no commit in flight can want") {
  const auto name = [](const char* before, const char* after) { return before + iceberg::NewUuid() + after; };
  const std::string live = name("", "-data.parquet"), gone = name("", "-data.parquet"),
                    orphan = name("", "-data.parquet"), young = name("", "-data.parquet"),
                    long_gone = name("", "-data.parquet");
  delta::VectorFile now, before, lost;
  const std::vector<int64_t> rows = {1};
  delta::Snapshot table("/t");
  delta::Metadata metadata{"id"};
  metadata.configuration = {{"delta.deletedFileRetentionDuration", "interval 24 hours"},
                            {"delta.logRetentionDuration", "interval 48 hours"}};
  REQUIRE(table.Apply(0, {delta::Protocol{}, metadata}));
  REQUIRE(table.Apply(1, {delta::AddFile{live, 1, 2, true, "", {}, now.Add(rows)},
                          delta::RemoveFile{live, kNow - kHour, true, 1, before.Add(rows)},
                          delta::RemoveFile{gone, kNow - kHour, true, 1, {}},
                          delta::RemoveFile{long_gone, kNow - 25 * kHour, true, 1, {}}}));
  const std::string fresh_change = name("_change_data/", "-changes.parquet"),
                    old_change = name("_change_data/", "-changes.parquet");
  std::vector<storage::FileInfo> files;
  for (const auto& [path, hours] :
       std::vector<std::pair<std::string, int64_t>>{{live, 500},
                                                    {gone, 500},
                                                    {long_gone, 500},
                                                    {orphan, 2},
                                                    {young, 1},
                                                    {now.name(), 500},
                                                    {before.name(), 500},
                                                    {lost.name(), 25},
                                                    {fresh_change, 47},
                                                    {old_change, 49},
                                                    {"part-0.parquet", 500},
                                                    {"_delta_log/00000000000000000000.json", 500},
                                                    {"sub/" + iceberg::NewUuid() + "-data.parquet", 500}})
    files.push_back({"/t/" + path, 1, kNow - hours * kHour});
  const auto unneeded = FindUnneeded(table, files, kNow);
  REQUIRE(unneeded);
  CHECK(*unneeded ==
        std::vector<std::string>{"/t/" + long_gone, "/t/" + orphan, "/t/" + lost.name(), "/t/" + old_change});
}

}  // namespace cdc::delta_sink
