#include <catch2/catch_test_macros.hpp>

#include "lib/rest/token_internal.h"

namespace cdc::rest {
namespace {

constexpr SteadyTime kStart{Millis(1'000'000)};

TokenState Granted(std::optional<Millis> lifetime) {
  const TokenStep step = StepToken({}, TokenGranted{"one", lifetime}, kStart);
  CHECK(step.action == TokenAction::kUse);
  return step.state;
}

TokenAction ActionAt(const TokenState& state, Millis after) {
  return StepToken(state, TokenNeeded{}, kStart + after).action;
}

TEST_CASE("a token is fetched, used, refreshed at three quarters of its life, and gone at its end") {
  CHECK(ActionAt({}, Millis(0)) == TokenAction::kFetch);
  const TokenState state = Granted(Millis(100'000));
  CHECK(ActionAt(state, Millis(0)) == TokenAction::kUse);
  CHECK(ActionAt(state, Millis(74'999)) == TokenAction::kUse);
  CHECK(ActionAt(state, Millis(75'000)) == TokenAction::kRefresh);
  CHECK(ActionAt(state, Millis(99'999)) == TokenAction::kRefresh);
  CHECK(ActionAt(state, Millis(100'000)) == TokenAction::kFetch);
  CHECK(ActionAt(Granted(std::nullopt), Millis(1'000'000'000)) == TokenAction::kUse);
}

TEST_CASE("a failed refresh is tried again half a minute later, while the old token lasts") {
  const TokenState state = Granted(Millis(100'000));
  const TokenStep failed = StepToken(state, TokenFetchFailed{}, kStart + Millis(75'000));
  CHECK(failed.state.value == "one");
  CHECK(failed.action == TokenAction::kUse);
  CHECK(ActionAt(failed.state, Millis(99'999)) == TokenAction::kUse);
  CHECK(ActionAt(failed.state, Millis(100'000)) == TokenAction::kFetch);
  const TokenState longer = Granted(Millis(1'000'000));
  const TokenStep later = StepToken(longer, TokenFetchFailed{}, kStart + Millis(750'000));
  CHECK(ActionAt(later.state, Millis(779'999)) == TokenAction::kUse);
  CHECK(ActionAt(later.state, Millis(780'000)) == TokenAction::kRefresh);
  CHECK(StepToken({}, TokenFetchFailed{}, kStart).action == TokenAction::kFetch);
}

TEST_CASE("a refused token is forgotten, unless another one has taken its place") {
  const TokenState state = Granted(Millis(100'000));
  CHECK(StepToken(state, TokenRefused{"one"}, kStart).action == TokenAction::kFetch);
  CHECK(StepToken(state, TokenRefused{"one"}, kStart).state.value.empty());
  CHECK(StepToken(state, TokenRefused{"zero"}, kStart).action == TokenAction::kUse);
  CHECK(StepToken(state, TokenGranted{"two", {}}, kStart).state.value == "two");
}

TEST_CASE("the form escapes, and does without an id") {
  CHECK(TokenForm("id:s:e&c", "PRINCIPAL_ROLE:ALL") ==
        "grant_type=client_credentials&client_id=id&client_secret=s%3Ae%26c&scope=PRINCIPAL_ROLE%3AALL");
  CHECK(TokenForm("secret", "catalog") == "grant_type=client_credentials&client_secret=secret&scope=catalog");
}

TEST_CASE("token answers") {
  const auto granted = ParseTokenAnswer(R"({"access_token":"abc","token_type":"bearer","expires_in":3600})");
  REQUIRE(granted.has_value());
  CHECK(granted->value == "abc");
  CHECK(granted->lifetime == Millis(3'600'000));
  CHECK_FALSE(ParseTokenAnswer(R"({"access_token":"abc"})")->lifetime.has_value());
  CHECK_FALSE(ParseTokenAnswer(R"({"access_token":"abc","expires_in":-1})")->lifetime.has_value());
  CHECK(ParseTokenAnswer(R"({"access_token":"abc","expires_in":1e300})")->lifetime.has_value());
  for (const char* text : {"", "[]", "{}", R"({"access_token":1})", R"({"access_token":""})",
                           R"({"access_token":"a\r\nX: b"})"}) {
    CHECK_FALSE(ParseTokenAnswer(text).has_value());
  }
}

TEST_CASE("what a token server says is shown without the secret") {
  CHECK(TokenErrorIn(R"({"error":"invalid_client","error_description":"no s3cret, s3cret\nstack"})",
                     "s3cret") == "invalid_client: no ***, ***");
  CHECK(TokenErrorIn(R"({"error":{"type":"NotAuthorizedException","message":"bad"}})", "x")
            .starts_with("NotAuthorized"));
  CHECK(TokenErrorIn("<html>", "x").empty());
  CHECK(TokenErrorIn("{}", "").empty());
}

}  // namespace
}  // namespace cdc::rest
