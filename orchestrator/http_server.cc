#include "orchestrator/http_server.h"

#include <fcntl.h>
#include <pthread.h>

#include <csignal>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "lib/core/clock.h"
#include "orchestrator/health.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMaxConnections = 32;
constexpr size_t kLongestRequest = 8 << 10;
constexpr Millis kRequestPatience{10'000};  ///< for the first request
constexpr Millis kIdlePatience{75'000};     ///< between requests: longer than a minute's scrape interval
constexpr Millis kAnswerPatience{30'000};
constexpr Millis kGoodbyePatience{2'000};
constexpr Millis kViewAge{250};      ///< a view may be shown so long: many clients cost the scheduler little
constexpr Millis kAcceptPause{200};  ///< when descriptors run out

void CloseOnExec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

class Session;

/// Connections by when they last did something; on the server's thread.
class Connections {
 public:
  void Touch(const std::shared_ptr<Session>& session);
  void Forget(const Session& session);
  /// Closes the one that has waited longest when there are too many, or because descriptors ran out.
  void MakeRoom(bool anyway);

 private:
  std::map<uint64_t, std::shared_ptr<Session>> by_age_;
  uint64_t next_ = 1;
};

/// Views for many, asked for once; on the server's thread.
class ViewDesk {
 public:
  ViewDesk(asio::io_context& io, HttpServer::ViewSource source)
      : source_(std::move(source)), door_(std::make_shared<Door>()) {
    door_->io = &io;
  }
  ~ViewDesk() {
    std::lock_guard guard(door_->mutex);
    door_->io = nullptr;
  }

  void Ask(HttpServer::ViewReader reader) {
    if (view_ && std::chrono::steady_clock::now() - taken_ < kViewAge) return reader(view_);
    waiting_.push_back(std::move(reader));
    if (std::exchange(asked_, true)) return;
    source_([this, door = door_](HttpServer::ViewPtr view) {
      std::lock_guard guard(door->mutex);
      if (door->io != nullptr) asio::post(*door->io, [this, view] { Deliver(view); });
    });
  }

 private:
  /// The source may answer after our end, from another thread.
  struct Door {
    std::mutex mutex;
    asio::io_context* io = nullptr;
  };

  void Deliver(const HttpServer::ViewPtr& view) {
    asked_ = false;
    view_ = view;
    taken_ = std::chrono::steady_clock::now();
    for (auto& reader : std::exchange(waiting_, {})) reader(view);
  }

  HttpServer::ViewSource source_;
  std::shared_ptr<Door> door_;
  std::list<HttpServer::ViewReader> waiting_;
  bool asked_ = false;
  HttpServer::ViewPtr view_;
  SteadyTime taken_{};
};

Page ErrorPage(http::status status, const std::string& text) {
  return {static_cast<int>(status), "text/plain; charset=utf-8", text + "\n"};
}

Page PageOf(const Route& route, const View* view) {
  try {
    return route.render(view);
  } catch (const std::exception& e) {  // no memory for a long page is no reason to end
    return ErrorPage(http::status::internal_server_error, e.what());
  }
}

/// One connection, one request after the other.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const std::vector<Route>& routes, ViewDesk& desk, Connections& connections)
      : stream_(std::move(socket)),
        timer_(stream_.get_executor()),
        routes_(routes),
        desk_(desk),
        connections_(connections) {}

  void Read(Millis patience) {
    connections_.Touch(shared_from_this());
    answer_.reset();
    parser_.emplace();
    parser_->header_limit(kLongestRequest);
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, size_t) { self->OnRequest(ec); });
  }

  void Close() {
    awaits_view_ = false;
    timer_.cancel();
    stream_.close();
    connections_.Forget(*this);
  }

  uint64_t age = 0;  ///< Connections' own

 private:
  void OnRequest(error_code ec) {
    if (ec) return OnBadRequest(ec);
    const auto& request = parser_->get();
    const std::string target(request.target());
    const Route* route = FindRoute(routes_, target);
    if (route == nullptr) {
      std::string known;
      for (const Route& r : routes_) known += "\n" + r.path;
      return Answer(ErrorPage(http::status::not_found, "nothing is here; there is:" + known));
    }
    if (!IsReading()) return Answer(MethodPage());
    AwaitView(*route);
  }

  void OnBadRequest(error_code ec) {
    if (ec == http::error::end_of_stream ||
        ec.category() != make_error_code(http::error::bad_method).category())
      return Close();  // gone, or too slow
    last_ = true;
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
      return Answer(ErrorPage(http::status::request_header_fields_too_large, "the request is too long"));
    const bool body = ec == http::error::unexpected_body || ec == http::error::body_limit;
    if (body && !IsReading()) return Answer(MethodPage());
    Answer(ErrorPage(body ? http::status::payload_too_large : http::status::bad_request, ec.message()));
  }

  bool IsReading() const {
    const auto method = parser_->get().method();
    return method == http::verb::get || method == http::verb::head;
  }
  static Page MethodPage() { return ErrorPage(http::status::method_not_allowed, "GET and HEAD only"); }

  void AwaitView(const Route& route) {
    awaits_view_ = true;
    timer_.expires_after(kSchedulerPatience);
    timer_.async_wait([self = shared_from_this(), &route](error_code ec) {
      if (!ec && std::exchange(self->awaits_view_, false)) self->Answer(PageOf(route, nullptr));
    });
    desk_.Ask([self = shared_from_this(), &route](const HttpServer::ViewPtr& view) {
      if (!std::exchange(self->awaits_view_, false)) return;
      self->timer_.cancel();
      self->Answer(PageOf(route, view.get()));
    });
  }

  void Answer(Page page) {
    connections_.Touch(shared_from_this());
    const auto& request = parser_->get();
    answer_.emplace(static_cast<http::status>(page.status), request.version());
    answer_->set(http::field::server, "cdc-orchestrator/" CDC_VERSION);
    answer_->set(http::field::content_type, page.content_type);
    answer_->set(http::field::cache_control, "no-store");
    if (answer_->result() == http::status::method_not_allowed) answer_->set(http::field::allow, "GET, HEAD");
    answer_->keep_alive(request.keep_alive() && !last_);
    answer_->body() = std::move(page.body);
    answer_->prepare_payload();
    serializer_.emplace(*answer_);
    stream_.expires_after(kAnswerPatience);
    auto done = [self = shared_from_this()](error_code ec, size_t) { self->OnAnswered(ec); };
    if (request.method() == http::verb::head) {
      http::async_write_header(stream_, *serializer_, std::move(done));
    } else {
      http::async_write(stream_, *serializer_, std::move(done));
    }
  }

  void OnAnswered(error_code ec) {
    if (ec) return Close();
    if (answer_->keep_alive()) return Read(kIdlePatience);
    stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
    stream_.expires_after(kGoodbyePatience);
    Linger();
  }

  /// Reads what the client still sends: closing before would take back the answer.
  void Linger() {
    stream_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](error_code ec, size_t) {
      if (ec) return self->Close();
      self->Linger();
    });
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  const std::vector<Route>& routes_;
  ViewDesk& desk_;
  Connections& connections_;
  beast::flat_buffer buffer_{kLongestRequest};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::array<char, 1024> rest_{};
  bool awaits_view_ = false;
  bool last_ = false;  ///< what follows cannot be understood
};

void Connections::Touch(const std::shared_ptr<Session>& session) {
  by_age_.erase(session->age);
  session->age = next_++;
  by_age_[session->age] = session;
}

void Connections::Forget(const Session& session) { by_age_.erase(session.age); }

void Connections::MakeRoom(bool anyway) {
  if (by_age_.empty() || (!anyway && by_age_.size() < kMaxConnections)) return;
  by_age_.begin()->second->Close();
}

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
  Impl(std::vector<Route> r, ViewSource source) : routes(std::move(r)), desk(io, std::move(source)) {}

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
    std::make_shared<Session>(std::move(socket), routes, desk, connections)->Read(kRequestPatience);
  }

  void Run() {
    for (tcp::acceptor& acceptor : acceptors) Accept(acceptor);
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
  ViewDesk desk;
  Connections connections;
  std::list<tcp::acceptor> acceptors;
  asio::steady_timer pause{io};
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen, std::vector<Route> routes,
                                                      ViewSource source) {
  auto impl = std::make_unique<Impl>(std::move(routes), std::move(source));
  CDC_TRY(impl->Bind(listen));
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace cdc::orchestrator
