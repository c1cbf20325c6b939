#include "orchestrator/action_guard.h"

namespace cdc::orchestrator {
namespace {

constexpr std::string_view kBearer = "Bearer ";

/// In a time that depends on the lengths alone.
bool Same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differences = 0;
  for (size_t i = 0; i < a.size(); ++i) differences |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differences == 0;
}

/// A page of this server's own, whatever proxy stands before it: the browser says the same name twice.
bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size()) == host;
  }
  return false;
}

}  // namespace

Status MayAct(const ActionHeaders& headers, std::string_view token) {
  if (token.empty()) {
    return Error{ErrorKind::kUnsupported, "actions are off",
                 "[orchestrator] actions = true, then `cdc restart`; or use the cdc command"};
  }
  const bool foreign_origin = !headers.origin.empty() && !IsOwnOrigin(headers.origin, headers.host);
  const bool foreign_site = !headers.fetch_site.empty() && headers.fetch_site != "same-origin";
  if (foreign_origin || foreign_site)
    return Error{ErrorKind::kInvalidConfig, "the request comes from a page of another origin", ""};
  const std::string_view given = headers.authorization;
  if (!given.starts_with(kBearer) || !Same(given.substr(kBearer.size()), token)) {
    return Error{
        ErrorKind::kInvalidArgument, "the request does not have the token",
        "`cdc page` prints the page's address with it; programs send \"Authorization: Bearer <token>\""};
  }
  return {};
}

}  // namespace cdc::orchestrator
