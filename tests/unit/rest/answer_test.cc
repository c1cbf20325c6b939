#include <catch2/catch_test_macros.hpp>

#include "lib/rest/answer_internal.h"

namespace cdc::rest {
namespace {

const CallRules kRead{"loading t"};
const CallRules kCommit{"committing to t", true, false};
const CallRules kKeyedCommit{"committing to t", true, true};

constexpr const char* kBody = R"({"error":{"message":"why\n\tat org.x","type":"SomeException","code":1}})";

Verdict Judge(const CallRules& rules, int status, const std::string& body = kBody) {
  return JudgeAnswer(rules, http::Response{status, {}, body});
}

TEST_CASE("answers to a commit: done, not done, unknown") {
  CHECK(Judge(kCommit, 200).next == Next::kDone);
  CHECK(Judge(kCommit, 204).next == Next::kDone);
  const struct {
    int status;
    ErrorKind kind;
  } kRefused[] = {{400, ErrorKind::kUnsupported},   {403, ErrorKind::kInvalidConfig},
                  {404, ErrorKind::kNotFound},      {409, ErrorKind::kConflict},
                  {406, ErrorKind::kUnsupported},   {422, ErrorKind::kUnsupported},
                  {302, ErrorKind::kInvalidConfig}, {501, ErrorKind::kUnsupported}};
  for (const auto& [status, kind] : kRefused) {
    CAPTURE(status);
    for (const CallRules& rules : {kRead, kCommit, kKeyedCommit}) {
      const Verdict verdict = Judge(rules, status);
      CHECK(verdict.next == Next::kFail);
      CHECK(verdict.error.kind == kind);
      CHECK_FALSE(verdict.doubt);
    }
  }
  for (const int status : {408, 500, 502, 503, 504, 599}) {
    CAPTURE(status);
    const Verdict verdict = Judge(kCommit, status);
    CHECK(verdict.next == Next::kFail);
    CHECK(verdict.error.kind == ErrorKind::kCommitUnknown);
    CHECK(verdict.doubt);
    CHECK(Judge(kKeyedCommit, status).next == Next::kRepeat);
    CHECK(Judge(kKeyedCommit, status).error.kind == ErrorKind::kCommitUnknown);
    CHECK(Judge(kRead, status).next == Next::kRepeat);
    CHECK(Judge(kRead, status).error.kind == ErrorKind::kTransient);
    CHECK_FALSE(Judge(kRead, status).doubt);
  }
}

TEST_CASE("AWS says by itself what it has to say, and answers too many requests with 400") {
  const auto aws = [](int status, const std::string& type, const std::string& body) {
    http::Response response{status, {}, body};
    if (!type.empty()) response.headers = {{"x-amzn-errortype", type + ":http://internal.amazon.com/"}};
    return JudgeAnswer(kCommit, response);
  };
  for (const Verdict& verdict :
       {aws(400, "", R"({"__type":"com.amazonaws.glue#ThrottlingException","message":"Rate exceeded"})"),
        aws(400, "ThrottlingException", R"({"Message":"Rate exceeded"})"),
        aws(400, "",
            R"({"error":{"type":"TooManyRequestsException","message":"Rate exceeded","code":400}})")}) {
    CHECK(verdict.next == Next::kRepeat);
    CHECK(verdict.error.kind == ErrorKind::kTransient);
    CHECK(verdict.error.message.find("Rate exceeded") != std::string::npos);
    CHECK_FALSE(verdict.doubt);
  }
  const Verdict invalid = aws(400, "ValidationException", R"({"message":"Name is too long"})");
  CHECK(invalid.error.kind == ErrorKind::kUnsupported);
  CHECK(invalid.error.message ==
        "committing to t: the catalog answered 400 ValidationException: Name is too long");

  const Verdict unsigned_ =
      aws(403, "MissingAuthenticationTokenException", R"({"message":"Missing Authentication Token"})");
  CHECK(unsigned_.error.kind == ErrorKind::kInvalidConfig);
  CHECK(unsigned_.error.hint.find("SigV4") != std::string::npos);
  CHECK(Judge(kCommit, 403).error.hint.find("SigV4") == std::string::npos);
}

TEST_CASE("a refused token asks for another, whatever the call") {
  for (const int status : {401, 419}) {
    for (const CallRules& rules : {kRead, kCommit}) {
      CHECK(Judge(rules, status).next == Next::kSignIn);
      CHECK(Judge(rules, status).error.kind == ErrorKind::kInvalidConfig);
      CHECK_FALSE(Judge(rules, status).doubt);
    }
  }
}

TEST_CASE("too many requests: not processed, again after the server's pause") {
  const auto with = [](const char* value) {
    return JudgeAnswer(kCommit, http::Response{429, {{"retry-after", value}}, ""});
  };
  CHECK(with("7").next == Next::kRepeat);
  CHECK(with("7").pause == Millis(7'000));
  CHECK(with("7").error.kind == ErrorKind::kTransient);
  CHECK_FALSE(with("7").doubt);
  for (const char* odd : {"", "soon", "-3", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999"}) {
    CHECK_FALSE(with(odd).pause.has_value());
  }
}

TEST_CASE("400 in the words of a lost race is a conflict") {
  CHECK(Judge(kCommit, 400, R"({"error":{"message":"x","type":"CommitFailedException","code":400}})")
            .error.kind == ErrorKind::kConflict);
  CHECK(Judge(kCommit, 400, R"({"error":{"message":"Requirement failed: branch main","type":"X"}})")
            .error.kind == ErrorKind::kConflict);
}

TEST_CASE("404 that the catalog did not write says nothing about the table") {
  CallRules probe{"opening"};
  probe.probes = true;
  for (const char* body : {"", "<html>not found</html>", R"({"error":"not found"})", R"(["error"])",
                           R"({"error":{"code":404,"message":"not found"}})"}) {
    CAPTURE(body);
    for (const CallRules& rules : {kRead, kCommit, probe}) {
      CHECK(Judge(rules, 404, body).error.kind == ErrorKind::kTransient);
      CHECK_FALSE(Judge(rules, 404, body).doubt);
    }
  }
  CallRules look{"loading t"};
  look.looks = true;
  for (const char* body :
       {"", "<html>not found</html>", R"({"error":"not found"})", R"({"message":"no route"})",
        R"({"error":{"message":"not found"}})", R"({"error":{"code":"404"}})",
        R"({"error":{"code":503,"message":"no backend"}})", R"({"code":404})"}) {
    CAPTURE(body);
    CHECK(Judge(look, 404, body).error.kind == ErrorKind::kTransient);
  }
  CHECK(Judge(look, 404, R"({"error":{"code":404,"message":"no t"}})").error.kind == ErrorKind::kNotFound);
  CHECK(Judge(look, 503, R"({"error":{"code":404}})").next == Next::kRepeat);
  CHECK(Judge(probe, 404).error.kind == ErrorKind::kInvalidConfig);
  CHECK(Judge(probe, 400).error.kind == ErrorKind::kInvalidConfig);
  CHECK(Judge(probe, 503).next == Next::kRepeat);
}

TEST_CASE("messages hold the call, the status, and what the server said without its stack") {
  CHECK(Judge(kCommit, 409).error.message == "committing to t: the catalog answered 409 SomeException: why");
  CHECK(Judge(kCommit, 500, "<html>" + std::string(10'000, 'x')).error.message ==
        "committing to t: the catalog answered 500");
  const std::string body = R"({"error":{"message":")" + std::string(10'000, 'x') + R"("}})";
  CHECK(Judge(kCommit, 500, body).error.message.size() < 400);
}

TEST_CASE("no answer: nothing was sent, or nobody knows") {
  const Error unsent{ErrorKind::kTransient, "POST http://h: refused"};
  const Error lost{ErrorKind::kCommitUnknown, "POST http://h: timed out"};
  CHECK(JudgeFailure(kCommit, unsent).next == Next::kRepeat);
  CHECK_FALSE(JudgeFailure(kCommit, unsent).doubt);
  CHECK(JudgeFailure(kCommit, unsent).error.kind == ErrorKind::kTransient);
  CHECK(JudgeFailure(kCommit, unsent).error.message == "committing to t: POST http://h: refused");
  CHECK_FALSE(JudgeFailure(kCommit, unsent).error.hint.empty());
  CHECK(JudgeFailure(kCommit, lost).next == Next::kFail);
  CHECK(JudgeFailure(kCommit, lost).doubt);
  CHECK(JudgeFailure(kKeyedCommit, lost).next == Next::kRepeat);
  CHECK(JudgeFailure(kRead, lost).next == Next::kRepeat);
  CHECK(JudgeFailure(kRead, lost).error.kind == ErrorKind::kTransient);
  const Error too_long{ErrorKind::kUnsupported, "too long"};
  CHECK(JudgeFailure(kCommit, too_long).error.kind == ErrorKind::kCommitUnknown);
  CHECK(JudgeFailure(kRead, too_long).error.kind == ErrorKind::kUnsupported);
  const Error bad{ErrorKind::kInvalidConfig, "certificate"};
  CHECK(JudgeFailure(kCommit, bad).next == Next::kFail);
  CHECK(JudgeFailure(kCommit, bad).error.kind == ErrorKind::kInvalidConfig);
}

}  // namespace
}  // namespace cdc::rest
