#include <catch2/catch_test_macros.hpp>

#include "lib/http/client.h"
#include "tests/support/result_printing.h"

namespace cdc::http {
namespace {

TEST_CASE("An address is shown without what may be secret in it") {
  CHECK(Shown("http://host:9000/a/b?X-Amz-Signature=s#t") == "http://host:9000/a/b");
  CHECK(Shown("https://id:s3cret@host/a@b") == "https://host/a@b");
  CHECK(Shown("id:s3cret@host/a") == "host/a");
  CHECK(Shown("host") == "host");
  CHECK(Shown("").empty());
}

TEST_CASE("A failed request does not show the password in its address") {
  const auto client = Client::Make({});
  REQUIRE(client);
  const auto answer = (*client)->Send({.url = "http://id:s3cret@127.0.0.1:1/a"});
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().message.find("s3cret") == std::string::npos);
  CHECK(answer.error().message.find("127.0.0.1:1/a") != std::string::npos);
}

TEST_CASE("Pauses double up to a limit, half of each is chance") {
  CHECK(RetryPause(0, Millis(100), Millis(5'000), 0.0) == Millis(50));
  CHECK(RetryPause(0, Millis(100), Millis(5'000), 0.5) == Millis(75));
  CHECK(RetryPause(3, Millis(100), Millis(5'000), 0.0) == Millis(400));
  CHECK(RetryPause(6, Millis(100), Millis(5'000), 0.0) == Millis(2'500));
  CHECK(RetryPause(1'000'000, Millis(100), Millis(5'000), 0.999) <= Millis(5'000));
}

TEST_CASE("A certificate file that is not there is said at once") {
  ClientOptions options;
  options.ca_file = "/nowhere/ca.pem";
  const auto client = Client::Make(options);
  REQUIRE(!client);
  CHECK(client.error().kind == ErrorKind::kInvalidConfig);
  CHECK(client.error().message.find("/nowhere/ca.pem") != std::string::npos);
}

}  // namespace
}  // namespace cdc::http
