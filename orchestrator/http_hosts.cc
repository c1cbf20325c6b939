#include "orchestrator/http_hosts.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace cdc::orchestrator {
namespace {

using boost::asio::ip::make_address;

/// "[::1]:8081" → "::1", "LocalHost.:80" → "localhost"; empty: it has no host.
std::string HostOf(std::string_view text) {
  std::string_view host = text;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return "";
    host = text.substr(1, end - 1);
  } else if (std::count(text.begin(), text.end(), ':') <= 1) {
    host = text.substr(0, text.find(':'));
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string small(host);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

}  // namespace

HttpHosts::HttpHosts(std::string_view listen, const std::vector<std::string>& names) {
  known_.emplace_back("localhost");
  const std::string own = HostOf(listen);
  boost::system::error_code ec;
  const auto address = make_address(own, ec);
  every_address_ = !ec && address.is_unspecified();
  if (!every_address_) known_.push_back(own);
  for (const std::string& name : names) known_.push_back(HostOf(name));
}

HttpHosts::Verdict HttpHosts::Judge(std::optional<std::string_view> host) const {
  if (!host) return Verdict::kMissing;
  const std::string name = HostOf(*host);
  if (name.empty()) return Verdict::kMissing;
  if (std::find(known_.begin(), known_.end(), name) != known_.end()) return Verdict::kKnown;
  boost::system::error_code ec;
  const auto address = make_address(name, ec);
  return !ec && (every_address_ || address.is_loopback()) ? Verdict::kKnown : Verdict::kForeign;
}

}  // namespace cdc::orchestrator
