#include "tests/component/sink_postgres/cutting_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace cdc::postgres_sink {
namespace {

constexpr int kLook = 20;  // ms between looks at whether to end

bool SendAll(int to, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

CuttingProxy::CuttingProxy(std::string server_socket) : server_socket_(std::move(server_socket)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 16) != 0)
    throw std::runtime_error("the proxy cannot listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

CuttingProxy::~CuttingProxy() {
  ending_ = true;
  acceptor_.join();
  for (std::thread& carrier : carriers_) carrier.join();
  ::close(listener_);
}

void CuttingProxy::CutEvery(int nth, Cut cut) {
  commits_ = 0;
  nth_ = nth;
  cut_ = cut;
}

void CuttingProxy::Accept() {
  while (!ending_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kLook) != 1) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) carriers_.emplace_back([this, client] { Carry(client); });
  }
}

void CuttingProxy::Carry(int client) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, server_socket_.c_str(), sizeof address.sun_path - 1);
  bool open = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  while (open && !ending_) {
    std::array<pollfd, 2> waiting{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), kLook) < 0) break;
    if (waiting[0].revents != 0) open = Forward(client, server, true);
    if (open && waiting[1].revents != 0) open = Forward(server, client, false);
  }
  ::close(client);
  ::close(server);
}

/// \return whether the connection goes on
bool CuttingProxy::Forward(int from, int to, bool from_client) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::recv(from, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  const std::string_view data(buffer.data(), static_cast<size_t>(size));
  // A simple query: 'Q', length, text, 0.
  const bool commit = from_client && data.size() == 12 && data.substr(5) == std::string_view("COMMIT\0", 7);
  const bool cut = commit && cut_ != Cut::kNever && ++commits_ % nth_ == 0;
  if (cut) ++cuts_;
  if (cut && cut_ == Cut::kBeforeCommit) return false;
  return SendAll(to, buffer.data(), static_cast<size_t>(size)) && !cut;
}

}  // namespace cdc::postgres_sink
