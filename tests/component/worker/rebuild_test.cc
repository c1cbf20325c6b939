// A key index that is read again from the table: it says that it is alive, and can be told to end.

#include <catch2/catch_test_macros.hpp>

#include "tests/component/worker/sink_table.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {

TEST_CASE("reading a lost key index again gives signs of life, and goes on after an end") {
  constexpr int kFiles = 3;
  SinkTable table(LongColumns({"id", "version"}));
  {
    auto sink = table.Open();
    Marker marker;
    for (int64_t id = 0; id < kFiles; ++id) {
      Fold fold(sink->shape().schema);
      fold.batch().column(0).AppendLong(id);
      fold.batch().column(1).AppendLong(0);
      (void)fold.Upsert(table.KeyOf(id), 0, false);
      marker.offsets["t"][0] = id + 1;
      REQUIRE(sink->Commit({fold, marker}));
    }
    REQUIRE(sink->Close());
  }
  std::filesystem::remove_all(table.settings.index_folder);

  int signs = 0;
  IcebergSink::Ports ports{*table.catalog, *table.files, table.clock, [](Millis) {}, log::Logger(), {}};
  const auto open = [&] {
    return IcebergSink::Open(table.settings, R"({"cluster":"c","topic":"t"})", ports);
  };
  ports.alive = [&]() -> Status {
    if (++signs == 2) return Error{ErrorKind::kShuttingDown, "stop"};
    return {};
  };
  const auto ended = open();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::kShuttingDown);
  CHECK(signs == 2);

  // The first file is not read again.
  signs = 10;
  REQUIRE(open());
  CHECK(signs == 10 + kFiles - 1);
}

}  // namespace cdc::worker
