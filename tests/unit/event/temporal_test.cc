#include "lib/event/temporal.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::event {
namespace {

TEST_CASE("days count from 1970 through leap years and before our era") {
  CHECK(DaysFromCivil(1970, 1, 1) == 0);
  CHECK(DaysFromCivil(2024, 2, 29) == 19782);
  CHECK(DaysFromCivil(1969, 12, 31) == -1);
  CHECK(DaysFromCivil(1, 1, 1) == -719162);
  CHECK(DaysFromCivil(9999, 12, 31) == 2932896);
  CHECK(DaysFromCivil(-43, 3, 15) == -735160);
}

TEST_CASE("instants of Debezium become microseconds") {
  int64_t micros = 0;
  REQUIRE(ParseIsoTimestamp("2024-02-29T10:14:15.123456Z", true, &micros));
  CHECK(micros == 1709201655123456);
  REQUIRE(ParseIsoTimestamp("2024-02-29T13:14:15.5+03:00", true, &micros));
  CHECK(micros == 1709201655500000);
  REQUIRE(ParseIsoTimestamp("0001-01-01T00:00:00Z", true, &micros));
  CHECK(micros == -62135596800000000);
  REQUIRE(ParseIsoTimestamp("+10000-01-01T00:00:00Z", true, &micros));
  CHECK(micros == 253402300800000000);
  REQUIRE(ParseIsoTimestamp("2024-02-29T13:14:15", false, &micros));
  REQUIRE(ParseIsoTimestamp("2024-02-29T13:14:15.123456000Z", true, &micros));
}

TEST_CASE("what is no instant is refused, not rounded") {
  int64_t micros = 0;
  for (const char* text :
       {"infinity", "-infinity", "", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-02-29T25:00:00Z", "2024-02-29T13:14:15", "2024-02-29T13:14:15.1234567Z", "2024-02-29Z",
        "2024-02-29T13:14:15Zx", "294277-01-01T00:00:00Z", "+999999-01-01T00:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(ParseIsoTimestamp(text, true, &micros));
  }
  CHECK_FALSE(ParseIsoTimestamp("2024-02-29T13:14:15+03:00", false, &micros));
  int32_t days = 0;
  CHECK_FALSE(ParseIsoDate("infinity", &days));
  CHECK(ParseIsoDate("2024-02-29", &days));
  CHECK(ParseIsoTime("13:14:15.000001", &micros));
  CHECK_FALSE(ParseIsoTime("24:00:01", &micros));
}

}  // namespace
}  // namespace cdc::event
