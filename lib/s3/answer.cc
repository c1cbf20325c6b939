#include "lib/s3/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lib/s3/xml.h"

namespace cdc::s3 {
namespace {

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
constexpr std::string_view kPassing[] = {
    "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted",
    "ConditionalRequestConflict", "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch",
    // Too many requests, by the words of AWS' services and of those that imitate them; often with status 400.
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded",
    "RequestThrottledException", "TooManyRequests", "TooManyRequestsException", "BandwidthLimitExceeded",
    "LimitExceededException", "PriorRequestNotComplete"};
constexpr std::string_view kSkewed[] = {"RequestTimeTooSkewed", "RequestExpired"};
constexpr std::string_view kRefused[] = {
    "ExpiredToken", "InvalidAccessKeyId",    "InvalidToken",        "InvalidClientTokenId",
    "AccessDenied", "SignatureDoesNotMatch", "TokenRefreshRequired"};

template <size_t N>
bool IsOneOf(std::string_view code, const std::string_view (&codes)[N]) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

struct Said {
  std::string code;
  std::string message;
  std::string region;
};

/// What an <Error> document says; all empty when the body is none.
Said ReadError(const http::Response& response) {
  Said said;
  if (const auto document = ParseXml(response.body); document && document->name == "Error") {
    said = {document->TextOf("Code"), document->TextOf("Message"), document->TextOf("Region")};
  }
  if (const std::string* region = response.FindHeader("x-amz-bucket-region")) said.region = *region;
  return said;
}

bool Passes(int status, std::string_view code) {
  return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 || status == 408 ||
         IsOneOf(code, kPassing);
}

bool IsWrongRegion(int status, const Said& said, const Asked& asked) {
  if (said.code == "AuthorizationHeaderMalformed" || said.code == "IllegalLocationConstraintException")
    return true;
  if (status / 100 == 3) return true;
  return !said.region.empty() && said.region != asked.access->region && (status == 400 || status == 403);
}

Error WrongRegion(const std::string& what, const Said& said, const Asked& asked) {
  if (said.region.empty()) {
    return {ErrorKind::kInvalidConfig, what,
            "check [storage] endpoint and region: the store sends us elsewhere"};
  }
  return {ErrorKind::kInvalidConfig,
          fmt::format("{}: bucket {} is in region {}, not {}", what, asked.bucket, said.region,
                      asked.access->region),
          fmt::format("[storage] region = \"{}\"", said.region)};
}

std::string RefusedHint(const Asked& asked, std::string_view code) {
  if (asked.access->access_key_id.empty()) return "[storage] access_key_id and secret_access_key are not set";
  if (code == "AccessDenied") {
    return fmt::format("the user of [storage] access_key_id needs to get, put, delete and list in bucket {}",
                       asked.bucket);
  }
  if (!asked.access->session_token.empty()) return "check [storage] session_token: it may have expired";
  return "check [storage] access_key_id and secret_access_key";
}

Judged NotFound(const std::string& what, Said said, const Asked& asked) {
  if (said.code == "NoSuchBucket") {
    return {Verdict::kFail,
            said.code,
            {ErrorKind::kInvalidConfig, what,
             fmt::format("make the bucket {}, or name another in [catalog] warehouse", asked.bucket)}};
  }
  if (said.code.empty()) {  // a web server that is no object store would make every file look deleted
    return {Verdict::kFail,
            "",
            {ErrorKind::kInvalidConfig, what + ", and that without S3's error document",
             "[storage] endpoint must be the address of an S3 API, not of a console or a proxy"}};
  }
  return {Verdict::kFail, std::move(said.code), {ErrorKind::kNotFound, what}};
}

}  // namespace

Judged Judge(const http::Response& response, const Asked& asked) {
  const int status = response.status;
  if (status / 100 == 2 && !asked.document) return {};
  Said said = ReadError(response);
  if (status / 100 == 2 && said.code.empty()) return {};
  const std::string detail =
      said.code.empty() ? "" : fmt::format(" {}: {}", said.code, said.message.substr(0, 300));
  const std::string what = fmt::format("{}: the store answered {}{}", asked.attempted, status, detail);
  if (status / 100 == 2) {
    return {Verdict::kRetry, said.code, {ErrorKind::kTransient, what}};
  }
  if (IsOneOf(said.code, kSkewed)) {
    return {Verdict::kSetClock,
            said.code,
            {ErrorKind::kInvalidConfig, what,
             "set this machine's clock, or the store's: they differ by minutes"}};
  }
  if (Passes(status, said.code)) return {Verdict::kRetry, said.code, {ErrorKind::kTransient, what}};
  if (status == 507 || said.code == "XMinioStorageFull") {
    return {Verdict::kRetry, said.code, {ErrorKind::kTransient, what, "make room in the object store"}};
  }
  if (IsWrongRegion(status, said, asked)) return {Verdict::kFail, said.code, WrongRegion(what, said, asked)};
  if (status == 401 || status == 403 || IsOneOf(said.code, kRefused)) {
    return {Verdict::kNewAccess, said.code, {ErrorKind::kInvalidConfig, what, RefusedHint(asked, said.code)}};
  }
  if (status == 404) return NotFound(what, std::move(said), asked);
  return {Verdict::kFail,
          std::move(said.code),
          {ErrorKind::kInvalidConfig, what, "check [storage] and the warehouse in [catalog]"}};
}

Judged Judge(const Error& error, const Asked& asked) {
  const std::string what = fmt::format("{}: {}", asked.attempted, error.message);
  switch (error.kind) {
    case ErrorKind::kTransient:
    case ErrorKind::kCommitUnknown:
      return {Verdict::kRetry,
              "",
              {ErrorKind::kTransient, what, "is the object store up, and [storage] endpoint its address?"}};
    case ErrorKind::kInvalidConfig:
      return {Verdict::kFail, "", {error.kind, what, "[storage] " + error.hint}};
    default: return {Verdict::kFail, "", {error.kind, what, error.hint}};
  }
}

}  // namespace cdc::s3
