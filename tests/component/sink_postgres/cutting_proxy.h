#pragma once

/// \file tests/component/sink_postgres/cutting_proxy.h
/// Stands between a client and PostgreSQL and cuts connections at the worst moment: around a COMMIT.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace cdc::postgres_sink {

/// Listens on a port of 127.0.0.1, each connection is carried to the server's unix socket.
class CuttingProxy {
 public:
  enum class Cut {
    kNever,
    kBeforeCommit,  ///< the server does not see it
    kAfterCommit,   ///< the server gets it, the client gets no answer
  };

  explicit CuttingProxy(std::string server_socket);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  uint16_t port() const { return port_; }
  /// At the `nth` COMMIT from now on, and every `nth` after it.
  void CutEvery(int nth, Cut cut);
  int cuts() const { return cuts_; }

 private:
  void Accept();
  void Carry(int client);
  bool Forward(int from, int to, bool from_client);

  std::string server_socket_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> nth_{0}, commits_{0}, cuts_{0};
  std::atomic<Cut> cut_{Cut::kNever};
  std::atomic<bool> ending_{false};
  std::thread acceptor_;
  std::vector<std::thread> carriers_;
};

}  // namespace cdc::postgres_sink
