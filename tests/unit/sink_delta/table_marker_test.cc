#include "jobs/sink/delta/table_marker.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::delta_sink {
namespace {

const lake_sink::MarkerSource kSource{"hint", "/t", "topic", "{\"cluster\":\"c\"}"};

Marker Some() {
  Marker marker;
  marker.offsets = {{"topic", {{0, 17}, {3, 4}}}};
  marker.source_lsn = 99;
  return marker;
}

delta::Snapshot With(const std::vector<delta::Action>& actions) {
  delta::Snapshot table("/t");
  REQUIRE(table.Apply(0, {delta::Protocol{}, delta::Metadata{"id"}}));
  REQUIRE(table.Apply(1, actions));
  return table;
}

}  // namespace

TEST_CASE("a marker is read back, and a commit that leaves the offsets alone says it again") {
  auto table = With(MarkerActions(Some(), 1, kSource.source_json, "p"));
  auto read = ReadMarker(table, kSource, "p");
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->offsets == Some().offsets);
  CHECK((*read)->source_lsn == 99);
  CHECK(table.transactions().at("cdc:p:topic:3").version == 4);
  CHECK(MarkedVersion(table) == 1);
  const std::vector<delta::Action> same = {SameMarker(table, 2)};
  CHECK(HasMarker(same));
  REQUIRE(table.Apply(2, same));
  CHECK((*ReadMarker(table, kSource, "p"))->offsets == Some().offsets);
  CHECK(MarkedVersion(table) == 2);
}

TEST_CASE("a table without offsets has no marker, and one of another source is refused") {
  auto table = With({delta::Transaction{"other", 5}});
  CHECK_FALSE(*ReadMarker(table, kSource, "p"));
  CHECK_FALSE(MarkedVersion(table));
  REQUIRE(table.Apply(2, {SameMarker(table, 2)}));
  CHECK_FALSE(*ReadMarker(table, kSource, "p"));
  const auto marked = With(MarkerActions(Some(), 1, kSource.source_json, "p"));
  auto other = kSource;
  other.source_json = "{\"cluster\":\"d\"}";
  CHECK(ReadMarker(marked, other, "p").error().kind == ErrorKind::kUnsupported);
  CHECK(ReadMarker(marked, other, "p").error().hint == "hint");
}

TEST_CASE("transaction identifiers that contradict the marker hold the table") {
  auto table = With(MarkerActions(Some(), 1, kSource.source_json, "p"));
  REQUIRE(table.Apply(2, {delta::Transaction{"cdc:p:topic:0", 20}}));
  CHECK(ReadMarker(table, kSource, "p").error().kind == ErrorKind::kUnsupported);
}

}  // namespace cdc::delta_sink
