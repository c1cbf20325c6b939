#include "lib/delta/action.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::delta {
namespace {

const std::vector<Action> kAll = {
    CommitInfo{1'700'000'000'000, "MERGE", {{"a", "b"}}, "cdc/1", "id", true},
    Protocol{3, 7, {"deletionVectors"}, {"deletionVectors", "domainMetadata"}},
    Metadata{"id", "name", {}, "{\"type\":\"struct\",\"fields\":[]}", {}, {{"k", "v"}}, 5},
    AddFile{
        "a.parquet", 10, 20, true, "{\"numRecords\":3}", {{"t", "u"}}, DeletionVector{"u", "x", 1, 40, 2}},
    RemoveFile{"b.parquet", 30, false, 40, DeletionVector{"i", "y", {}, 4, 1}},
    ChangeFile{"_change_data/c.parquet", 50},
    Transaction{"cdc:p:t:0", 60},
    DomainMetadata{"cdc.marker", "{}", false}};

}  // namespace

TEST_CASE("every action is read back as it was written") {
  const auto read = DecodeActions(EncodeActions(kAll));
  REQUIRE(read);
  REQUIRE(read->size() == kAll.size());
  for (size_t i = 0; i < kAll.size(); ++i) {
    INFO(EncodeAction(kAll[i]));
    CHECK((*read)[i] == kAll[i]);
  }
}

TEST_CASE("what another writer says more is passed over, and what cannot be read is told") {
  const auto read = DecodeActions(
      "{\"commitInfo\":{\"timestamp\":\"yesterday\",\"operation\":5,\"operationMetrics\":{\"n\":\"1\"}}}\n\n"
      "{\"checkpointMetadata\":{\"version\":1}}\n"
      "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":1,\"modificationTime\":2,\"dataChange\":true,"
      "\"baseRowId\":7,\"tags\":null}}");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK(std::get<CommitInfo>((*read)[0]).operation.empty());
  CHECK(std::get<AddFile>((*read)[1]).path == "a");
  CHECK(DecodeActions("{\"add\":{\"path\":7}}\n").error().kind == ErrorKind::kCorrupt);
  CHECK(DecodeActions("{\"add\":").error().kind == ErrorKind::kCorrupt);
  CHECK(DecodeActions("{\"add\":{\"path\":\"p=1/a\",\"partitionValues\":{\"p\":\"1\"}}}").error().kind ==
        ErrorKind::kUnsupported);
}

}  // namespace cdc::delta
