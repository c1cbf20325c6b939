#pragma once

/// \file orchestrator/http_hosts.h
/// Which names a client may call this server by. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::orchestrator {

/// A page of another site can make a browser resolve that site's name to this machine (DNS rebinding). The
/// browser then sends the foreign name as Host, so a server that checks Host gives that page nothing.
class HttpHosts {
 public:
  enum class Verdict {
    kKnown,
    kMissing,  ///< none, several, or none that can be read
    kForeign,
  };

  /// \param listen `[orchestrator] listen`
  /// \param names `[orchestrator] host_names`
  HttpHosts(std::string_view listen, const std::vector<std::string>& names);

  /// Known are the loopback names and addresses, the host of `listen`, and `names`; where `listen` is
  /// "every address", each address, but no further name. The port is not looked at: a container's port may
  /// be published as another one.
  /// \param host the value of the header; nothing: there is not exactly one
  Verdict Judge(std::optional<std::string_view> host) const;

 private:
  std::vector<std::string> known_;  ///< small letters, without brackets and last dot
  bool every_address_ = false;
};

}  // namespace cdc::orchestrator
