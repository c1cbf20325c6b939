#pragma once

/// \file lib/http/client.h
/// HTTP/1.1 and TLS, one request at a time per call, connections kept. The only room that knows libcurl.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::http {

using Header = std::pair<std::string, std::string>;  ///< name, value

struct Request {
  std::string method = "GET";
  std::string url;  ///< absolute, escaped by the caller; sent as it is
  std::vector<Header> headers = {};
  /// Sent with Content-Length when not empty, and for PUT and POST always. Must outlive the call.
  std::string_view body = {};
  Millis timeout{30'000};   ///< for the whole exchange, from the connect to the last byte
  Millis stall_timeout{0};  ///< of silence both ways, and up to 5 s more; 0: `timeout` alone counts
};

struct Response {
  int status = 0;
  std::vector<Header> headers;  ///< names in lower case
  std::string body;

  /// Value of the first header of this lower-case name; null when absent.
  const std::string* FindHeader(std::string_view name) const;
};

struct ClientOptions {
  std::string ca_file;             ///< PEM bundle to trust; empty: the system's
  Millis connect_timeout{10'000};  ///< DNS, TCP and TLS
  std::string user_agent = "cdc";
  int64_t max_body = 256 << 20;  ///< bytes; a longer answer is kUnsupported
};

/// Thread-safe; concurrent calls use connections of their own. No redirects are followed and nothing is
/// retried, but for one case: libcurl sends a request again when a kept connection turns out to be dead.
/// Never a POST, which may have been carried out.
class Client {
 public:
  /// \return kInvalidConfig: ca_file is unreadable.
  static Result<std::unique_ptr<Client>> Make(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Any status code is an answer, not an error. Messages hold the URL as Shown().
  ///
  /// \return kTransient: no request can have reached the server (name, connect, TLS handshake);
  /// kCommitUnknown: it may have: timed out or broken off; kInvalidConfig: the URL makes no sense or the
  /// server's certificate is not trusted; kUnsupported: the answer is longer than max_body.
  Result<Response> Send(const Request& request);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A URL as messages may hold it: without user, password, query and fragment.
std::string Shown(std::string_view url);

/// Pause before retry `attempt` (from 0): doubling from `base` up to `limit`, half of it random.
/// \param random in [0, 1)
Millis RetryPause(int attempt, Millis base, Millis limit, double random);

}  // namespace cdc::http
