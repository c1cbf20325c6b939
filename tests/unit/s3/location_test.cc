#include <catch2/catch_test_macros.hpp>

#include "lib/s3/location.h"
#include "tests/support/result_printing.h"

namespace cdc::s3 {
namespace {

std::string Url(const Access& access, const std::string& path) {
  const auto address = AddressOf(access, ParsePath(path).value());
  REQUIRE(address);
  CHECK(address->origin.ends_with("//" + address->host));
  return address->origin + address->path;
}

TEST_CASE("Paths are a bucket and a plain key") {
  const auto at = ParsePath("s3a://b/x/y%20z?#");
  REQUIRE(at);
  CHECK(at->bucket == "b");
  CHECK(at->key == "x/y%20z?#");
  CHECK(at->PathOf("k") == "s3a://b/k");
  CHECK(ParsePath("s3://b").value().key.empty());
  CHECK(ParsePath("s3://b/").value().key.empty());
  for (const std::string path : {"", "/b/x", "s3:/b/x", "s3://", "s3:///x", "S3://b/x", "gs://b/x"}) {
    CAPTURE(path);
    REQUIRE(!ParsePath(path));
    CHECK(ParsePath(path).error().kind == ErrorKind::kInvalidConfig);
  }
}

TEST_CASE("The bucket stands in the path or in the host's name") {
  Access access;
  access.endpoint = "http://127.0.0.1:9000/";
  CHECK(Url(access, "s3://b/x y/ä") == "http://127.0.0.1:9000/b/x%20y/%C3%A4");
  CHECK(Url(access, "s3://b") == "http://127.0.0.1:9000/b/");
  access.path_style = false;
  access.endpoint = "https://store.example.org";
  CHECK(Url(access, "s3://b/k") == "https://b.store.example.org/k");
  access.endpoint = "https://gateway/prefix/";
  access.path_style = true;
  CHECK(Url(access, "s3://b/k") == "https://gateway/prefix/b/k");
}

TEST_CASE("A scheme's own port is not part of the host: libcurl does not send it") {
  Access access;
  access.endpoint = "https://store:443";
  CHECK(Url(access, "s3://b/k") == "https://store/b/k");
  access.endpoint = "http://store:80";
  CHECK(Url(access, "s3://b/k") == "http://store/b/k");
  access.endpoint = "http://store:443";
  CHECK(Url(access, "s3://b/k") == "http://store:443/b/k");
}

TEST_CASE("Without an endpoint it is AWS' own of the region") {
  Access access;
  access.region = "eu-west-1";
  CHECK(Url(access, "s3://b/k") == "https://b.s3.eu-west-1.amazonaws.com/k");
  CHECK(Url(access, "s3://a.b/k") == "https://s3.eu-west-1.amazonaws.com/a.b/k");
  access.region = "cn-north-1";
  CHECK(Url(access, "s3://b/k") == "https://b.s3.cn-north-1.amazonaws.com.cn/k");
}

TEST_CASE("Endpoints that make no sense") {
  for (const std::string endpoint :
       {"127.0.0.1:9000", "ftp://h", "http://", "http://:9000", "http://h?x", "http://u:p@h"}) {
    CAPTURE(endpoint);
    Access access;
    access.endpoint = endpoint;
    const auto address = AddressOf(access, {"s3", "b", "k"});
    REQUIRE(!address);
    CHECK(address.error().kind == ErrorKind::kInvalidConfig);
    CHECK(address.error().hint.find("endpoint") != std::string::npos);
    CHECK(address.error().message.find("u:p") == std::string::npos);
  }
}

}  // namespace
}  // namespace cdc::s3
