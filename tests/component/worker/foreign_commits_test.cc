/// What another engine commits between ours, while a worker runs and while none does: its rows hold the
/// table, anything else is gone along with.

#include <catch2/catch_test_macros.hpp>

#include "tests/component/worker/changed_table.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

struct SharedTable : Table {
  void Elsewhere(const std::string& action, const std::string& what) const {
    const auto done = RunPython("tests/component/worker/write_rows.py",
                                {pipeline.catalog().string(), "university.t", action, what});
    INFO(done.output);
    REQUIRE(done.exit == 0);
  }
  Result<std::unique_ptr<IcebergSink>> TryOpen() {
    IcebergSink::Ports ports{*catalog, *files, clock, [](Millis) {}, log::Logger()};
    return IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
  }
};

}  // namespace

TEST_CASE("rows that another engine adds hold the table, whether a worker runs meanwhile or not") {
  SharedTable table;
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0));
    table.Elsewhere("append", "7");  // there already
    const auto refused = table.Commit(*sink, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    CHECK(refused.error().message.find("another writer added rows") != std::string::npos);
  }
  const auto again = table.TryOpen();
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::kUnsupported);
  CHECK(again.error().hint.find("cdc adopt") != std::string::npos);
}

TEST_CASE("rows that another engine deletes by writing their file anew stay deleted, all others are found") {
  SharedTable table;
  Model expected = ModelAfter(2);
  auto sink = table.Open();
  REQUIRE(table.Commit(*sink, 0));
  table.Elsewhere("delete", "4999");  // no row: nothing to commit
  table.Elsewhere("delete", "3999");
  REQUIRE(table.Commit(*sink, 1));
  if (expected[3999] == 3999) expected.erase(3999);  // unless the batch wrote it again
  REQUIRE(sink->Close());
  sink.reset();
  CHECK(ById(table.Seen()["rows"]) == expected);

  const int64_t gone = expected.begin()->first;
  table.Elsewhere("delete", std::to_string(gone));
  expected.erase(gone);
  sink = table.Open();
  Apply(2, &expected, nullptr);
  REQUIRE(table.Commit(*sink, 2));
  CHECK(ById(table.Seen()["rows"]) == expected);
}

TEST_CASE("a key column that another engine renames holds the table with its name") {
  SharedTable table;
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0));
  }
  table.Elsewhere("rename", "id");
  const auto refused = table.TryOpen();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(refused.error().message.find("'id'") != std::string::npos);
}

}  // namespace cdc::worker
