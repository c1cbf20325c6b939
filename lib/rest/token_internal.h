#pragma once

/// \file lib/rest/token_internal.h
/// The life of a bearer token of OAuth2 client credentials (RFC 6749, section 4.4): pure.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::rest {

struct TokenState {
  std::string value;  ///< empty: none
  SteadyTime refresh_at = SteadyTime::max();
  SteadyTime expires_at = SteadyTime::max();
};

/// A request is about to be sent.
struct TokenNeeded {};
struct TokenGranted {
  std::string value;
  std::optional<Millis> lifetime;  ///< none: until it is refused
};
/// The server refused (401, 419) a request that carried `value`.
struct TokenRefused {
  std::string value;
};
/// A new one could not be had.
struct TokenFetchFailed {};
using TokenEvent = std::variant<TokenNeeded, TokenGranted, TokenRefused, TokenFetchFailed>;

enum class TokenAction {
  kUse,      ///< the state's value
  kRefresh,  ///< fetch a new one; the state's value is still good if that fails
  kFetch,    ///< there is none that is good
};

struct TokenStep {
  TokenState state;
  TokenAction action;
};

/// Refreshed at three quarters of its life; a failed refresh is tried again 30 s later.
TokenStep StepToken(TokenState state, const TokenEvent& event, SteadyTime now);

/// Body of the token request, "application/x-www-form-urlencoded".
/// \param credential "client_id:client_secret", or the secret alone
std::string TokenForm(const std::string& credential, const std::string& scope);

/// \return kCorrupt: no token in it. The message holds nothing of the answer.
Result<TokenGranted> ParseTokenAnswer(std::string_view json);

/// "invalid_client: …" of RFC 6749, section 5.2, or of the protocol's own error model; empty for others.
/// \param secret is blotted out
std::string TokenErrorIn(std::string_view json, const std::string& secret);

}  // namespace cdc::rest
