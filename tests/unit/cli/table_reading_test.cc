#include "cli/table_reading.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {

using std::chrono::seconds;

TEST_CASE("One call may take half of a command's time, within limits") {
  CHECK(PatiencePerCall(seconds(0)) == seconds(5));
  CHECK(PatiencePerCall(seconds(10)) == seconds(5));
  CHECK(PatiencePerCall(seconds(30)) == seconds(15));
  CHECK(PatiencePerCall(seconds(3600)) == lake::kWorkersPatience);
}

}  // namespace cdc::cli
