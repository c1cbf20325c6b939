#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/http/client.h"
#include "lib/core/percent.h"
#include "lib/rest/token_internal.h"

namespace cdc::rest {
namespace {

using Json = nlohmann::json;

constexpr Millis kRefreshAgain{30'000};

TokenState Granted(const TokenGranted& grant, SteadyTime now) {
  TokenState state{grant.value};
  if (grant.lifetime) {
    state.refresh_at = now + *grant.lifetime * 3 / 4;
    state.expires_at = now + *grant.lifetime;
  }
  return state;
}

TokenAction Needed(const TokenState& state, SteadyTime now) {
  if (state.value.empty() || now >= state.expires_at) return TokenAction::kFetch;
  return now >= state.refresh_at ? TokenAction::kRefresh : TokenAction::kUse;
}

std::string Text(const Json& tree, const char* key) {
  const auto found = tree.find(key);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

TokenStep StepToken(TokenState state, const TokenEvent& event, SteadyTime now) {
  if (const auto* grant = std::get_if<TokenGranted>(&event)) {
    state = Granted(*grant, now);
    return {std::move(state), TokenAction::kUse};
  }
  // Only the one that was refused: another thread may have fetched a new one meanwhile.
  const auto* refused = std::get_if<TokenRefused>(&event);
  if (refused != nullptr && refused->value == state.value) state = {};
  if (std::holds_alternative<TokenFetchFailed>(event)) state.refresh_at = now + kRefreshAgain;
  const TokenAction action = Needed(state, now);
  return {std::move(state), action};
}

std::string TokenForm(const std::string& credential, const std::string& scope) {
  const size_t colon = credential.find(':');
  std::string form = "grant_type=client_credentials";
  if (colon != std::string::npos) form += "&client_id=" + PercentEncode(credential.substr(0, colon));
  form += "&client_secret=" +
          PercentEncode(colon == std::string::npos ? credential : credential.substr(colon + 1));
  return form + "&scope=" + PercentEncode(scope);
}

Result<TokenGranted> ParseTokenAnswer(std::string_view json) {
  const Json tree = Json::parse(json, nullptr, false);
  TokenGranted grant;
  if (tree.is_object()) grant.value = Text(tree, "access_token");
  if (grant.value.empty() || grant.value.find_first_of("\r\n") != std::string::npos) {
    return Error{ErrorKind::kCorrupt, "the answer holds no access_token"};
  }
  const auto seconds = tree.find("expires_in");
  if (seconds != tree.end() && seconds->is_number() && seconds->get<double>() > 0) {
    grant.lifetime = Millis(static_cast<int64_t>(std::min(seconds->get<double>(), 1e9) * 1000));
  }
  return grant;
}

std::string TokenErrorIn(std::string_view json, const std::string& secret) {
  const Json tree = Json::parse(json, nullptr, false);
  if (!tree.is_object() || !tree.contains("error")) return "";
  const Json& error = tree["error"];
  std::string text = error.is_object() ? Text(error, "type") : Text(tree, "error");
  const std::string detail = error.is_object() ? Text(error, "message") : Text(tree, "error_description");
  if (!detail.empty()) text += ": " + detail.substr(0, detail.find('\n'));
  for (size_t at = text.find(secret); !secret.empty() && at != std::string::npos;
       at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
  return text.substr(0, 200);
}

}  // namespace cdc::rest
