#include <catch2/catch_test_macros.hpp>

#include "lib/rest/vended_internal.h"

namespace cdc::rest {
namespace {

Vended Sample() {
  Vended vended;
  vended.config = {{"client.region", "eu"},
                   {"token", "catalog's"},
                   {"s3.access-key-id", "base"},
                   {"s3.session-token", "base's"},
                   {"s3.session-token-expires-at-ms", "5"}};
  vended.credentials = {{"s3", {{"s3.access-key-id", "all"}}},
                        {"s3://bucket/a/b", {{"s3.access-key-id", "deep"}, {"s3.session-token", "deep's"}}},
                        {"s3://bucket/a", {{"s3.access-key-id", "shallow"}}},
                        {"gs://", {{"gcs.oauth2.token", "x"}}}};
  return vended;
}

TEST_CASE("the longest prefix of the path wins, over the table's config") {
  const Vended vended = Sample();
  CHECK(PropertiesFor(vended, "s3://bucket/a/b/c").at("s3.access-key-id") == "deep");
  CHECK(PropertiesFor(vended, "s3a://bucket/a/b/c").at("s3.access-key-id") == "deep");
  CHECK(PropertiesFor(vended, "s3://bucket/a/x").at("s3.access-key-id") == "shallow");
  CHECK(PropertiesFor(vended, "s3://other").at("s3.access-key-id") == "all");
  CHECK(PropertiesFor(vended, "/local").at("s3.access-key-id") == "base");
  CHECK(PropertiesFor(vended, "s3://bucket/a/b/c").at("client.region") == "eu");
  CHECK_FALSE(PropertiesFor(vended, "/local").contains("token"));
}

TEST_CASE("a key's session token never comes from elsewhere") {
  const Vended vended = Sample();
  CHECK(PropertiesFor(vended, "s3://bucket/a/b/c").at("s3.session-token") == "deep's");
  CHECK_FALSE(PropertiesFor(vended, "s3://bucket/a/x").contains("s3.session-token"));
  CHECK_FALSE(PropertiesFor(vended, "s3://bucket/a/x").contains("s3.session-token-expires-at-ms"));
  CHECK(PropertiesFor(vended, "/local").at("s3.session-token") == "base's");
}

TEST_CASE("the earliest expiry counts; a session without one is given some minutes; keys last") {
  CHECK(ExpiresAt({{"s3.session-token-expires-at-ms", "900"}, {"expiration-time", "800"}}, 0) == 800);
  CHECK(ExpiresAt({{"expiration-time", "nonsense"}}, 0) == 0);
  CHECK(ExpiresAt({{"s3.session-token", "x"}}, 1'000) > 60'000);
  CHECK(ExpiresAt({{"s3.access-key-id", "x"}}, 1'000) == 0);
}

TEST_CASE("credentials age in the last quarter of their life") {
  const StorageProperties properties = {{"s3.session-token-expires-at-ms", "1100000"}};
  CHECK(FreshnessOf(properties, 100'000, 849'999) == Freshness::kFresh);
  CHECK(FreshnessOf(properties, 100'000, 850'000) == Freshness::kAging);
  CHECK(FreshnessOf(properties, 100'000, 1'094'999) == Freshness::kAging);
  CHECK(FreshnessOf(properties, 100'000, 1'095'000) == Freshness::kExpired);
  CHECK(FreshnessOf({{"s3.session-token-expires-at-ms", "50"}}, 100, 100) == Freshness::kExpired);
  CHECK(FreshnessOf({}, 100, 1'000'000'000) == Freshness::kFresh);
}

}  // namespace
}  // namespace cdc::rest
