#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lib/rest/answer_internal.h"

namespace cdc::rest {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestMessage = 300;  ///< servers put stack traces into messages
constexpr const char* kCheckUri =
    "check that [catalog] uri in tables.toml is the address of an Iceberg REST catalog";
constexpr const char* kCheckRunning = "is the catalog running? its address is [catalog] uri in tables.toml";

constexpr const char* kNoSignatures =
    "this catalog wants requests signed with AWS keys (SigV4), which cdc does not do: use its address behind "
    "a catalog "
    "with tokens (Polaris, Lakekeeper, Nessie), or [catalog] type = \"sqlite\"";

constexpr const char* kCheckWarehouse =
    "[catalog] uri must be the address of an Iceberg REST catalog, [catalog] name a warehouse that it has";

/// The specification's ErrorModel, or what AWS sends in its place: "__type" and "message" by themselves
/// (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html, operation error serialization).
struct ServerError {
  std::string type;  ///< the specification wants one; not all servers send it
  int64_t code = 0;  ///< 0: none
  std::string message;
  bool from_aws = false;
};

std::string Text(const Json& tree, const char* key) {
  const auto found = tree.find(key);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ServerError AwsErrorIn(const Json& tree, const http::Response& response) {
  ServerError found;
  found.type = Text(tree, "__type");
  if (const std::string* header = response.FindHeader("x-amzn-errortype")) {
    found.type = header->substr(0, header->find(':'));
  }
  found.type = found.type.substr(found.type.rfind('#') + 1);  // namespace#Name
  found.message = Text(tree, "message");
  if (found.message.empty()) found.message = Text(tree, "Message");
  found.from_aws = !found.type.empty() || response.FindHeader("x-amzn-requestid") != nullptr;
  return found;
}

ServerError ErrorIn(const http::Response& response) {
  const Json tree = Json::parse(response.body, nullptr, false);
  if (!tree.is_object()) return AwsErrorIn({}, response);
  ServerError found;
  if (const auto error = tree.find("error"); error != tree.end() && error->is_object()) {
    found = {Text(*error, "type"), 0, Text(*error, "message"), false};
    const auto code = error->find("code");
    if (code != error->end() && code->is_number_integer()) found.code = code->get<int64_t>();
  } else {
    found = AwsErrorIn(tree, response);
  }
  found.message = found.message.substr(0, std::min(kLongestMessage, found.message.find('\n')));
  return found;
}

/// Answered with 400 by AWS, where others say 429.
bool MeansTooMany(const ServerError& error) {
  for (const char* word : {"Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"}) {
    if (error.type.find(word) != std::string::npos) return true;
  }
  return false;
}

/// AWS' Glue and S3 Tables want each request signed, and say so in words only.
bool WantsSignature(const ServerError& error) {
  if (error.from_aws) return true;
  for (const char* words : {"Missing Authentication Token", "security token", "Credential=", "AWS4-HMAC"}) {
    if (error.message.find(words) != std::string::npos) return true;
  }
  return false;
}

std::string Shown(const CallRules& rules, int status, const ServerError& error) {
  std::string text = fmt::format("{}: the catalog answered {}", rules.what, status);
  if (!error.type.empty()) text += " " + error.type;
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

/// Servers answer some lost races with 400 (Polaris, pull request 5138).
bool MeansConflict(const ServerError& error) {
  return error.type.find("CommitFailed") != std::string::npos ||
         error.type.find("Conflict") != std::string::npos ||
         error.message.find("Requirement failed") != std::string::npos;
}

std::optional<Millis> RetryAfter(const http::Response& response) {
  const std::string* text = response.FindHeader("retry-after");
  int64_t seconds = -1;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (seconds < 0 || seconds > 1'000'000) return std::nullopt;
  return Millis(seconds * 1000);
}

/// It may have been processed.
Verdict Unknown(const CallRules& rules, Error error, std::optional<Millis> pause) {
  error.kind = rules.changes ? ErrorKind::kCommitUnknown : ErrorKind::kTransient;
  return {rules.repeatable ? Next::kRepeat : Next::kFail, std::move(error), rules.changes, pause};
}

Verdict JudgeRefusal(const CallRules& rules, int status, const ServerError& said, const std::string& text) {
  const auto fail = [&](ErrorKind kind, std::string hint = "") {
    return Verdict{Next::kFail, Error{kind, text, std::move(hint)}, false, {}};
  };
  // Without the protocol's body it was a proxy whose catalog restarts, or another server that knows no such
  // page: nothing is said about table, namespace or warehouse. A catalog that leaves the type out still says
  // 404 twice. It is believed where a table or namespace was looked for, which would never be made else; what
  // changes something is tried again by a run that looks first.
  const bool said_so = !said.type.empty() || (rules.looks && said.code == 404);
  if (status == 404 && !said_so) return fail(ErrorKind::kTransient, kCheckUri);
  if (rules.probes && (status == 400 || status == 404)) {
    return fail(ErrorKind::kInvalidConfig, kCheckWarehouse);
  }
  switch (status) {
    case 400: return fail(MeansConflict(said) ? ErrorKind::kConflict : ErrorKind::kUnsupported);
    case 403:
      return fail(ErrorKind::kInvalidConfig,
                  WantsSignature(said) ? kNoSignatures
                                       : "grant the principal of [catalog] credential the right to it");
    case 404: return fail(ErrorKind::kNotFound);
    case 409: return fail(ErrorKind::kConflict);
    default: break;
  }
  if (status >= 300 && status < 400) return fail(ErrorKind::kInvalidConfig, kCheckUri);
  return fail(ErrorKind::kUnsupported);
}

}  // namespace

Verdict JudgeAnswer(const CallRules& rules, const http::Response& response) {
  const int status = response.status;
  if (status >= 200 && status < 300) return {};
  const ServerError said = ErrorIn(response);
  const std::string text = Shown(rules, status, said);
  if (status == 401 || status == 419) {
    return {Next::kSignIn,
            Error{ErrorKind::kInvalidConfig, text, "check [catalog] credential or token in tables.toml"},
            false,
            {}};
  }
  if (status == 429 || (status == 400 && MeansTooMany(said)))
    return {Next::kRepeat, Error{ErrorKind::kTransient, text}, false, RetryAfter(response)};
  const bool maybe_done = status == 408 || (status >= 500 && status != 501 && status != 505) || status < 200;
  if (maybe_done) {
    // Nessie answers 500 for a warehouse that it does not know.
    return Unknown(rules, Error{ErrorKind::kTransient, text, rules.probes ? kCheckWarehouse : ""},
                   RetryAfter(response));
  }
  return JudgeRefusal(rules, status, said, text);
}

Verdict JudgeFailure(const CallRules& rules, const Error& error) {
  Error ours{error.kind, fmt::format("{}: {}", rules.what, error.message), error.hint};
  if (error.kind == ErrorKind::kTransient || error.kind == ErrorKind::kCommitUnknown) {
    if (ours.hint.empty()) ours.hint = kCheckRunning;
  }
  if (error.kind == ErrorKind::kTransient) return {Next::kRepeat, std::move(ours), false, {}};
  if (error.kind == ErrorKind::kCommitUnknown) return Unknown(rules, std::move(ours), {});
  // An answer that is too long came after the request was processed.
  const bool processed = error.kind == ErrorKind::kUnsupported && rules.changes;
  if (processed) ours.kind = ErrorKind::kCommitUnknown;
  return {Next::kFail, std::move(ours), processed, {}};
}

}  // namespace cdc::rest
