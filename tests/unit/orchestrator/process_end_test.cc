#include "orchestrator/process_end.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::orchestrator {

TEST_CASE("an end is judged by the contract's exit codes, and anything else is a crash") {
  CHECK(Judge(Exited{0}).outcome == Outcome::kDone);
  CHECK(Judge(Exited{75}).outcome == Outcome::kTryAgain);
  CHECK(Judge(Exited{78}).outcome == Outcome::kPermanent);
  CHECK(Judge(Exited{64}).outcome == Outcome::kPermanent);
  for (const int code : {1, 9, 74, 127, 139, -1}) CHECK(Judge(Exited{code}).outcome == Outcome::kCrashed);
  for (const int signal : {0, 9, 15, 75}) CHECK(Judge(Signaled{signal}).outcome == Outcome::kCrashed);
  CHECK(Judge(Exited{75}).exit == "75");
  CHECK(Judge(Exited{75}).description == "exit 75");
  CHECK(Judge(Signaled{9}).exit == "signal 9");
  CHECK(Judge(Signaled{9}).description == "signal 9");
}

}  // namespace cdc::orchestrator
