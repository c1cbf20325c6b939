#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

#include "lib/rest/session_internal.h"

namespace cdc::rest {
namespace {

constexpr Millis kFirstPause{200};
constexpr Millis kLongestPause{5'000};

constexpr const char* kCheckSignIn =
    "check credential, scope and oauth2_server_uri of [catalog] in tables.toml";

double RandomUnit() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

/// Without an address of its own the token server is the catalog: what answers there may be neither.
const char* SignInHint(const Options& options, int status) {
  const bool refused = status == 401 || status == 403;
  return options.oauth2_server_uri.empty() && !refused
             ? "check [catalog] uri in tables.toml: tokens are asked for there; a token server elsewhere is "
               "oauth2_server_uri. Else check credential and scope"
             : kCheckSignIn;
}

std::string SecretOf(const std::string& credential) {
  const size_t colon = credential.find(':');
  return colon == std::string::npos ? credential : credential.substr(colon + 1);
}

}  // namespace

Timing::Timing(const Options& options)
    : clock_(options.clock),
      sleep_(options.sleep ? options.sleep : [](Millis pause) { std::this_thread::sleep_for(pause); }),
      random_(options.random ? options.random : RandomUnit) {
  if (clock_ == nullptr) clock_ = &system_;
}

Millis Timing::Pause(int attempt, std::optional<Millis> wish) const {
  return std::max(wish.value_or(Millis(0)), http::RetryPause(attempt, kFirstPause, kLongestPause, random_()));
}

TokenSource::TokenSource(http::Client& client, const Timing& timing, const Options& options,
                         std::string token_uri)
    : client_(client), timing_(timing), options_(options), token_uri_(std::move(token_uri)) {
  // Given by the user: good until it is refused.
  state_.value = options.token;
}

TokenAction TokenSource::Step(const TokenEvent& event, std::string* value) {
  const std::lock_guard lock(mutex_);
  TokenStep step = StepToken(std::move(state_), event, timing_.clock().steady());
  state_ = std::move(step.state);
  if (value != nullptr) *value = state_.value;
  return step.action;
}

Result<std::string> TokenSource::Get() {
  std::string value;
  if (options_.credential.empty() || !options_.token.empty()) {
    Step(TokenNeeded{}, &value);
    return value;
  }
  TokenAction action = Step(TokenNeeded{}, &value);
  if (action == TokenAction::kUse) return value;
  std::unique_lock fetching(fetching_, std::defer_lock);
  if (action == TokenAction::kRefresh) {
    if (!fetching.try_lock()) return value;  // another thread is at it
  } else {
    fetching.lock();
    action = Step(TokenNeeded{}, &value);
    if (action == TokenAction::kUse) return value;
  }
  auto granted = Fetch();
  if (granted) {
    Step(std::move(*granted), &value);
    return value;
  }
  if (action == TokenAction::kFetch) return granted.error();
  Step(TokenFetchFailed{}, nullptr);
  return value;
}

bool TokenSource::Refuse(const std::string& token) {
  if (options_.credential.empty() || !options_.token.empty()) return false;
  Step(TokenRefused{token}, nullptr);
  return true;
}

Result<TokenGranted> TokenSource::Fetch() {
  const std::string form =
      TokenForm(options_.credential, options_.scope.empty() ? "catalog" : options_.scope);
  http::Request request;
  request.method = "POST";
  request.url = token_uri_;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  request.body = form;
  request.timeout = options_.request_timeout;
  const CallRules rules{"signing in to the catalog"};
  const SteadyTime until = timing_.clock().steady() + options_.retry_for;
  for (int attempt = 0;; ++attempt) {
    const auto response = client_.Send(request);
    const Verdict verdict = response ? JudgeAnswer(rules, *response) : JudgeFailure(rules, response.error());
    if (verdict.next == Next::kDone) {
      auto granted = ParseTokenAnswer(response->body);
      if (granted) return granted;
      return Error{ErrorKind::kInvalidConfig,
                   fmt::format("{} at {}: {}", rules.what, http::Shown(token_uri_), granted.error().message),
                   kCheckSignIn};
    }
    const Millis pause = timing_.Pause(attempt, verdict.pause);
    if (verdict.next == Next::kRepeat && timing_.clock().steady() + pause <= until) {
      timing_.Sleep(pause);
      continue;
    }
    if (verdict.next == Next::kRepeat || !response) return verdict.error;
    const std::string said = TokenErrorIn(response->body, SecretOf(options_.credential));
    // A 404 without a reason is also what a proxy says of a catalog that restarts.
    const bool outage = response->status == 404 && said.empty();
    return Error{outage ? ErrorKind::kTransient : ErrorKind::kInvalidConfig,
                 fmt::format("{}: {} answered {}{}{}", rules.what, http::Shown(token_uri_), response->status,
                             said.empty() ? "" : " ", said),
                 SignInHint(options_, response->status)};
  }
}

}  // namespace cdc::rest
