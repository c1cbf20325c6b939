#pragma once

/// \file tests/component/orchestrator/http_client.h
/// A client of `[orchestrator] listen` that can be as rude as a test needs.

#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/component/orchestrator/orchestrator_bench.h"

namespace cdc::orchestrator {

inline constexpr int kPort = 8081;

/// A client's end of a connection, with a patience of 10 s in all it does.
class Socket {
 public:
  explicit Socket(const std::string& address = OwnAddress(), bool listening = false)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    auto* name = reinterpret_cast<sockaddr*>(&to);
    if (listening) {
      const int yes = 1;  // what an earlier case left in TIME_WAIT does not count
      ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      ok_ = ::bind(fd_, name, sizeof to) == 0 && ::listen(fd_, 1) == 0;
    } else {
      ok_ = ::connect(fd_, name, sizeof to) == 0;
    }
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool ok() const { return ok_; }
  void Send(const std::string& text) const { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Until `end` was read, or the connection ended.
  std::string Receive(const std::string& end = "") const {
    std::string all;
    char part[4096];
    for (ssize_t n;
         (end.empty() || all.find(end) == std::string::npos) && (n = ::recv(fd_, part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<size_t>(n));
    return all;
  }
  /// Reads until `text` was seen so often, or the connection ended. \return how often
  int Count(const std::string& text, int most) const {
    int seen = 0;
    std::string rest;
    std::string part(65'536, 0);
    for (ssize_t n; seen < most && (n = ::recv(fd_, part.data(), part.size(), 0)) > 0;) {
      rest.append(part, 0, static_cast<size_t>(n));
      size_t at = 0;
      for (size_t found; (found = rest.find(text, at)) != std::string::npos; at = found + text.size()) ++seen;
      rest.erase(0, std::max(at, rest.size() - std::min(rest.size(), text.size() - 1)));
    }
    return seen;
  }
  /// The other side has closed it.
  bool Closed() const {
    pollfd entry{fd_, POLLIN, 0};
    char byte;
    return ::poll(&entry, 1, 0) == 1 && ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) <= 0;
  }

 private:
  int fd_;
  bool ok_ = false;
};

inline std::string Ask(const std::string& request) {
  Socket socket;
  if (!socket.ok()) return "";
  socket.Send(request);
  return socket.Receive();
}
inline std::string Get(const std::string& path) {
  return Ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

}  // namespace cdc::orchestrator
