#include "lib/rest/session_internal.h"

#include <strings.h>

#include <algorithm>
#include <utility>

namespace cdc::rest {

Session::Session(http::Client& client, const Options& options, std::string token_uri)
    : client_(client),
      options_(options),
      timing_(options),
      tokens_(client, timing_, options, std::move(token_uri)) {}

void Session::SetTableToken(const std::string& table, std::string token) {
  const bool usable = !token.empty() && token.find_first_of("\r\n") == std::string::npos;
  const std::lock_guard lock(mutex_);
  if (usable)
    table_tokens_[table] = std::move(token);
  else
    table_tokens_.erase(table);
}

Result<std::string> Session::TokenFor(const Call& call) {
  if (!call.table.empty()) {
    const std::lock_guard lock(mutex_);
    const auto found = table_tokens_.find(call.table);
    if (found != table_tokens_.end()) return found->second;
  }
  return tokens_.Get();
}

bool Session::DropTableToken(const Call& call, const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = table_tokens_.find(call.table);
  if (found == table_tokens_.end() || found->second != token) return false;
  // The catalog's own is tried next; the next load brings another one for the table.
  table_tokens_.erase(found);
  return true;
}

http::Request Session::RequestOf(const Call& call, const std::string& token) const {
  http::Request request;
  request.method = call.method;
  request.url = call.url;
  request.body = call.body;
  request.timeout = options_.request_timeout;
  request.headers = call.headers;
  request.headers.emplace_back("Accept", "application/json");
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  for (const http::Header& extra : headers_) {
    const bool ours = std::any_of(request.headers.begin(), request.headers.end(), [&](const http::Header& h) {
      return strcasecmp(h.first.c_str(), extra.first.c_str()) == 0;
    });
    if (!ours) request.headers.push_back(extra);
  }
  return request;
}

Result<http::Response> Session::Send(const Call& call) {
  const SteadyTime until = timing_.clock().steady() + options_.retry_for;
  bool doubt = false;
  bool refused = false, table_refused = false;  // tokens of either kind: each is given up once
  const auto fail = [&doubt](Error error) {
    if (doubt && error.kind != ErrorKind::kConflict) error.kind = ErrorKind::kCommitUnknown;
    return error;
  };
  for (int attempt = 0;; ++attempt) {
    auto token = TokenFor(call);
    if (!token) {
      Error error = token.error();
      error.message = call.rules.what + ": " + error.message;
      return fail(std::move(error));
    }
    auto response = client_.Send(RequestOf(call, *token));
    Verdict verdict =
        response ? JudgeAnswer(call.rules, *response) : JudgeFailure(call.rules, response.error());
    doubt = doubt || verdict.doubt;
    switch (verdict.next) {
      case Next::kDone: return response;
      case Next::kFail: return fail(std::move(verdict.error));
      case Next::kSignIn: {
        const bool tables = DropTableToken(call, *token);
        const bool again = std::exchange(tables ? table_refused : refused, true);
        if (again || (!tables && !tokens_.Refuse(*token))) return fail(std::move(verdict.error));
        break;
      }
      case Next::kRepeat: {
        const Millis pause = timing_.Pause(attempt, verdict.pause);
        if (!call.patient || timing_.clock().steady() + pause > until) return fail(std::move(verdict.error));
        timing_.Sleep(pause);
        break;
      }
    }
  }
}

}  // namespace cdc::rest
