#include <catch2/catch_test_macros.hpp>

#include "lib/s3/answer.h"

namespace cdc::s3 {
namespace {

struct Fixture {
  Access access;
  Asked asked{"writing s3://b/k", "b", &access, false};

  Fixture() {
    access.access_key_id = "AKID";
    access.secret_access_key = "SECRET";
  }
  static http::Response Response(int status, const std::string& code = "", const std::string& more = "") {
    http::Response response;
    response.status = status;
    if (!code.empty()) {
      response.body = "<Error><Code>" + code +
                      "</Code><Message>words</Message><StringToSign>hush</StringToSign>" + more + "</Error>";
    }
    return response;
  }
};

TEST_CASE_METHOD(Fixture, "What passes is repeated") {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    CHECK(Judge(Response(status), asked).verdict == Verdict::kRetry);
  }
  for (const char* code : {"SlowDown", "RequestTimeout", "InternalError", "Throttling", "ThrottlingException",
                           "RequestLimitExceeded"}) {
    const Judged judged = Judge(Response(400, code), asked);
    CHECK(judged.verdict == Verdict::kRetry);
    CHECK(judged.error.kind == ErrorKind::kTransient);
  }
  CHECK(Judge(Response(507, "XMinioStorageFull"), asked).error.hint.find("room") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "What is refused asks for other credentials, then for a human") {
  for (const auto& [status, code] : {std::pair{403, "InvalidAccessKeyId"},
                                     {403, "SignatureDoesNotMatch"},
                                     {403, "AccessDenied"},
                                     {400, "ExpiredToken"},
                                     {401, ""}}) {
    const Judged judged = Judge(Response(status, code), asked);
    CAPTURE(status, code);
    CHECK(judged.verdict == Verdict::kNewAccess);
    CHECK(judged.error.kind == ErrorKind::kInvalidConfig);
    CHECK(judged.error.hint.find("[storage]") != std::string::npos);
    for (const std::string secret : {"SECRET", "hush"}) {
      CHECK((judged.error.message + judged.error.hint).find(secret) == std::string::npos);
    }
  }
  CHECK(Judge(Response(403, "RequestTimeTooSkewed"), asked).verdict == Verdict::kSetClock);
}

TEST_CASE_METHOD(Fixture, "What is absent: a file, a bucket, or the whole store") {
  const Judged file = Judge(Response(404, "NoSuchKey"), asked);
  CHECK(file.verdict == Verdict::kFail);
  CHECK(file.error.kind == ErrorKind::kNotFound);
  const Judged bucket = Judge(Response(404, "NoSuchBucket"), asked);
  CHECK(bucket.error.kind == ErrorKind::kInvalidConfig);
  CHECK(bucket.error.hint.find("bucket b") != std::string::npos);
  http::Response web_page;
  web_page.status = 404;
  web_page.body = "<html><body>Not Found</body></html>";
  CHECK(Judge(web_page, asked).error.kind == ErrorKind::kInvalidConfig);
}

TEST_CASE_METHOD(Fixture, "A wrong region names the right one") {
  http::Response moved = Response(301, "PermanentRedirect");
  moved.headers = {{"x-amz-bucket-region", "eu-west-1"}};
  for (const auto& response :
       {moved, Response(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")}) {
    const Judged judged = Judge(response, asked);
    CHECK(judged.verdict == Verdict::kFail);
    CHECK(judged.error.kind == ErrorKind::kInvalidConfig);
    CHECK(judged.error.message.find("region eu-west-1, not us-east-1") != std::string::npos);
    CHECK(judged.error.hint == "[storage] region = \"eu-west-1\"");
  }
  CHECK(Judge(Response(307), asked).error.hint.find("[storage] endpoint") != std::string::npos);
}

TEST_CASE_METHOD(Fixture,
                 "200 with an error inside is a failure where a document is expected, and a file elsewhere") {
  CHECK(Judge(Response(200, "InternalError"), asked).verdict == Verdict::kDone);
  asked.document = true;
  CHECK(Judge(Response(200, "InternalError"), asked).verdict == Verdict::kRetry);
  http::Response good;
  good.status = 200;
  good.body = "<CompleteMultipartUploadResult/>";
  CHECK(Judge(good, asked).verdict == Verdict::kDone);
}

TEST_CASE_METHOD(Fixture, "No answer: outages pass, certificates do not") {
  CHECK(Judge(Error{ErrorKind::kCommitUnknown, "x"}, asked).verdict == Verdict::kRetry);
  CHECK(Judge(Error{ErrorKind::kCommitUnknown, "x"}, asked).error.kind == ErrorKind::kTransient);
  CHECK(Judge(Error{ErrorKind::kTransient, "x"}, asked).verdict == Verdict::kRetry);
  const Judged refused = Judge(Error{ErrorKind::kInvalidConfig, "x", "ca_file = \"…\""}, asked);
  CHECK(refused.verdict == Verdict::kFail);
  CHECK(refused.error.hint == "[storage] ca_file = \"…\"");
}

}  // namespace
}  // namespace cdc::s3
