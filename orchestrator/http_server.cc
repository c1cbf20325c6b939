#include "orchestrator/http_server.h"

#include <fcntl.h>
#include <pthread.h>

#include <csignal>
#include <list>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lib/core/clock.h"
#include "orchestrator/http_session.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Millis kAcceptPause{200};  ///< when descriptors run out

void CloseOnExec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

/// "[::1]:8081" → ::1, 8081
std::pair<std::string, std::string> Split(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, colon == std::string::npos ? "" : listen.substr(colon + 1)};
}

Error ListenError(const std::string& listen, const error_code& ec) {
  const std::string port = Split(listen).second;
  const bool taken = ec == asio::error::address_in_use;
  return {taken ? ErrorKind::kTransient : ErrorKind::kInvalidConfig,
          fmt::format("listen for HTTP on {} ([orchestrator] listen): {}", listen, ec.message()),
          taken
              ? fmt::format("set [orchestrator] listen to another port, or end what uses this one: ss -ltnp "
                            "'sport = :{}'",
                            port)
              : "set [orchestrator] listen to an address of this machine and a port above 1023"};
}

}  // namespace

struct HttpServer::Impl {
  Impl(std::vector<Route> r, HttpHosts h, ViewSource source, std::shared_ptr<Chronicle> c)
      : routes(std::move(r)),
        hosts(std::move(h)),
        chronicle(std::move(c)),
        desk(io, std::move(source), *chronicle) {}
  ~Impl() { site.door->Close(); }

  Status Bind(const std::string& listen) {
    const auto [host, port] = Split(listen);
    error_code ec;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, port, tcp::resolver::passive, ec);
    if (ec) return ListenError(listen, ec);
    for (const auto& entry : found) {
      tcp::acceptor acceptor(io);
      Open(acceptor, entry.endpoint(), ec);
      // "localhost" may have an address of a family that this machine lacks.
      const bool absent =
          ec == asio::error::address_family_not_supported || ec == boost::system::errc::address_not_available;
      if (ec && !(absent && found.size() > 1)) return ListenError(listen, ec);
      if (!ec) acceptors.push_back(std::move(acceptor));
    }
    if (acceptors.empty()) return ListenError(listen, asio::error::host_not_found);
    return {};
  }

  static void Open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, error_code& ec) {
    acceptor.open(endpoint.protocol(), ec);
    if (ec) return;
    CloseOnExec(acceptor.native_handle());
    acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
    acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  }

  void Accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](error_code ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted) return;
      if (!ec) {
        Serve(std::move(socket));
        return Accept(acceptor);
      }
      connections.MakeRoom(true);
      pause.expires_after(kAcceptPause);
      pause.async_wait([this, &acceptor](error_code stopped) {
        if (!stopped) Accept(acceptor);
      });
    });
  }

  void Serve(tcp::socket socket) {
    CloseOnExec(socket.native_handle());
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    connections.MakeRoom(false);
    std::make_shared<HttpSession>(std::move(socket), site)->Begin();
  }

  void Run() {
    for (tcp::acceptor& acceptor : acceptors) Accept(acceptor);
    desk.KeepChronicle();
    // Signals are for the thread that runs the scheduler.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::thread([this] { io.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  // Destroyed last: sessions live in its handlers, too, and do nothing when destroyed.
  asio::io_context io{1};
  std::vector<Route> routes;
  HttpHosts hosts;
  std::shared_ptr<Chronicle> chronicle;
  ViewDesk desk;
  HttpConnections connections;
  EventDesk events{io, desk, CDC_VERSION};
  HttpSite site{routes, hosts, desk, connections, events, std::make_shared<ThreadDoor>(io)};
  std::list<tcp::acceptor> acceptors;
  asio::steady_timer pause{io};
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen,
                                                      const std::vector<std::string>& host_names,
                                                      std::vector<Route> routes, ViewSource source,
                                                      std::shared_ptr<Chronicle> chronicle) {
  auto impl = std::make_unique<Impl>(std::move(routes), HttpHosts(listen, host_names), std::move(source),
                                     std::move(chronicle));
  CDC_TRY(impl->Bind(listen));
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace cdc::orchestrator
