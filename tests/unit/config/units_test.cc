#include "lib/config/units.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::config {

TEST_CASE("durations and sizes are read strictly") {
  CHECK(ParseDuration("30s") == Millis(30'000));
  CHECK(ParseDuration("500ms") == Millis(500));
  CHECK(ParseDuration("1m") == Millis(60'000));
  for (const char* bad :
       {"", "30", "s", "-1s", "1.5s", "30 sec", "1ss", "99999999999999999999s", "9223372036854775807d"}) {
    INFO(bad);
    CHECK_FALSE(ParseDuration(bad));
  }
  CHECK(ParseSize("256MB") == 256 << 20);
  CHECK(ParseSize("1GiB") == 1 << 30);
  CHECK_FALSE(ParseSize("256"));
  CHECK_FALSE(ParseSize("256mb"));
}

TEST_CASE("they are shown in the largest whole unit") {
  CHECK(FormatDuration(Millis(90'000)) == "90s");
  CHECK(FormatDuration(Millis(3'600'000)) == "1h");
  CHECK(FormatDuration(Millis(0)) == "0ms");
  CHECK(FormatSize(32 << 20) == "32MB");
}

}  // namespace cdc::config
