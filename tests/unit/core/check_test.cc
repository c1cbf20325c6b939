#include "lib/core/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>

namespace cdc {
namespace {

TEST_CASE("a check that holds does nothing, one that does not ends the process") {
  int asked = 0;
  CDC_CHECK(++asked == 1);
  CHECK(asked == 1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // not Catch2's report
    ::close(STDERR_FILENO);
    CDC_CHECK(asked == 2);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

}  // namespace
}  // namespace cdc
