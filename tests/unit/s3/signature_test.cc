#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "lib/s3/signature.h"

namespace cdc::s3 {
namespace {

// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: keys, time
// and bucket are the documentation's.
const Keys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "us-east-1"};
const WallTime kNow{std::chrono::seconds(1'369'353'600)};  // 2013-05-24T00:00:00Z
constexpr char kHost[] = "examplebucket.s3.amazonaws.com";
constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Authorization(const std::vector<Field>& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "Authorization") return value;
  }
  return "";
}

std::string Expected(const std::string& names, const std::string& signature) {
  return "AWS4-HMAC-SHA256 "
         "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" +
         names + ",Signature=" + signature;
}

TEST_CASE("AWS' example: GET of a range") {
  std::vector<Field> headers{{"Range", "bytes=0-9"}};
  Sign({"GET", kHost, "/test.txt", "", Sha256Hex("")}, kKeys, kNow, &headers);
  CHECK(Authorization(headers) ==
        Expected("host;range;x-amz-content-sha256;x-amz-date",
                 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST_CASE("AWS' example: PUT") {
  const std::string hash = Sha256Hex("Welcome to Amazon S3.");
  CHECK(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  std::vector<Field> headers{{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                             {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  Sign({"PUT", kHost, "/test%24file.text", "", hash}, kKeys, kNow, &headers);
  CHECK(Authorization(headers) ==
        Expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_CASE("AWS' example: a query without a value") {
  std::vector<Field> headers;
  Sign({"GET", kHost, "/", CanonicalQuery({{"lifecycle", ""}}), kEmpty}, kKeys, kNow, &headers);
  CHECK(Authorization(headers) ==
        Expected("host;x-amz-content-sha256;x-amz-date",
                 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_CASE("AWS' example: list objects") {
  std::vector<Field> headers;
  Sign({"GET", kHost, "/", CanonicalQuery({{"prefix", "J"}, {"max-keys", "2"}}), kEmpty}, kKeys, kNow,
       &headers);
  CHECK(Authorization(headers) ==
        Expected("host;x-amz-content-sha256;x-amz-date",
                 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("A session token is sent and signed") {
  Keys keys = kKeys;
  keys.session_token = "TOKEN";
  std::vector<Field> headers;
  Sign({"GET", kHost, "/", "", kEmpty}, keys, kNow, &headers);
  CHECK(Authorization(headers).find(";x-amz-security-token,") != std::string::npos);
  CHECK(headers[2] == Field{"X-Amz-Security-Token", "TOKEN"});
  CHECK(headers[0] == Field{"X-Amz-Date", "20130524T000000Z"});
}

TEST_CASE("Queries are sorted by escaped name, then value") {
  CHECK(CanonicalQuery({}).empty());
  CHECK(CanonicalQuery({{"b", "2"}, {"a", "z"}, {"a", "y/ +"}, {"B", ""}}) == "B=&a=y%2F%20%2B&a=z&b=2");
}

}  // namespace
}  // namespace cdc::s3
