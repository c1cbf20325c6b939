#include <catch2/catch_test_macros.hpp>

#include "lib/rest/wire_internal.h"

namespace cdc::rest {
namespace {

TEST_CASE("the base of a catalog's address has no version and no slash at its end") {
  for (const char* uri : {"http://h:1/api/catalog", "http://h:1/api/catalog/", "http://h:1/api/catalog/v1",
                          "http://h:1/api/catalog/v1/"}) {
    CHECK(BaseOf(uri) == "http://h:1/api/catalog");
  }
  CHECK(BaseOf("http://h/xv1") == "http://h/xv1");
}

TEST_CASE("addresses are escaped per segment, a namespace's levels joined by the separator") {
  Paths paths{"http://h/c", "", "%1F"};
  CHECK(paths.Config("") == "http://h/c/v1/config");
  CHECK(paths.Config("a b/c") == "http://h/c/v1/config?warehouse=a%20b%2Fc");
  CHECK(paths.Tokens() == "http://h/c/v1/oauth/tokens");
  CHECK(paths.Namespaces() == "http://h/c/v1/namespaces");
  CHECK(paths.Table({"a.b c", "t/1"}) == "http://h/c/v1/namespaces/a%1Fb%20c/tables/t%2F1");
  paths.prefix = "main%7Cwh";
  paths.separator = "%2E";
  CHECK(paths.Credentials({"a.b", "t"}) == "http://h/c/v1/main%7Cwh/namespaces/a%2Eb/tables/t/credentials");
}

TEST_CASE("endpoints that a server names are absolute or relative to the base") {
  const Paths paths{"http://h/c", "p", "%1F"};
  CHECK(paths.Resolve("v1/p/x") == "http://h/c/v1/p/x");
  CHECK(paths.Resolve("/v1/p/x") == "http://h/c/v1/p/x");
  CHECK(paths.Resolve("https://o/x") == "https://o/x");
  CHECK(paths.Resolve("") == "http://h/c/");
}

TEST_CASE("overrides win over the client's properties, those over defaults") {
  const auto config = ParseServerConfig(
      R"({"defaults":{"a":"default","uri":"http://default","header.X-A":"1"},
          "overrides":{"b":"override","prefix":"my cat","n":7,"s3.endpoint":"e","client.region":"r"},
          "endpoints":["GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials"],
          "idempotency-key-lifetime":"PT30M"})",
      {{"uri", "http://client"}, {"b", "client"}});
  REQUIRE(config.has_value());
  CHECK(config->properties.at("a") == "default");
  CHECK(config->properties.at("b") == "override");
  CHECK(config->offers_credentials());
  CHECK(config->StorageDefaults() ==
        std::map<std::string, std::string>{{"s3.endpoint", "e"}, {"client.region", "r"}});
  CHECK(config->idempotency_key_lifetime == Millis(30 * 60 * 1000));
  CHECK(config->ExtraHeaders() == std::vector<http::Header>{{"X-A", "1"}});
  const Paths paths = config->PathsFrom("http://client");
  CHECK(paths.base == "http://client");
  CHECK(paths.Namespaces() == "http://client/v1/my%20cat/namespaces");
}

TEST_CASE("an override moves the client to another address") {
  const auto config = ParseServerConfig(
      R"({"defaults":{},"overrides":{"uri":"http://other/api/","namespace-separator":"."}})",
      {{"uri", "http://client"}});
  REQUIRE(config.has_value());
  CHECK_FALSE(config->offers_credentials());
  CHECK_FALSE(config->idempotency_key_lifetime.has_value());
  CHECK(config->PathsFrom("http://client").Namespace("a.b") == "http://other/api/v1/namespaces/a.b");
}

TEST_CASE("what is no configuration is refused") {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"error":{}})", R"({"defaults":)"}) {
    CHECK(ParseServerConfig(text, {}).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("ISO durations") {
  CHECK(ParseIsoDuration("PT30M") == Millis(1'800'000));
  CHECK(ParseIsoDuration("P1DT1H2M3.5S") == Millis(90'123'500));
  for (const char* text : {"", "P", "PT", "30M", "PT30", "PTM", "P1M", "PT1X", "PT1H-"}) {
    CHECK_FALSE(ParseIsoDuration(text).has_value());
  }
}

TEST_CASE("a version 7 UUID begins with the time and says what it is") {
  // RFC 9562, appendix A.6.
  CHECK(UuidV7(0x017F22E279B0, 0x18C4ull << 12 | 0xCC3, 0xDC0C0C07398F) ==
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

}  // namespace
}  // namespace cdc::rest
