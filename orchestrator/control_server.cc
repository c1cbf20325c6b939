#include "orchestrator/control_server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;
using Protocol = asio::local::stream_protocol;

constexpr size_t kLongestRequest = 64 << 10;
constexpr Millis kPatience{5'000};  ///< with a client that says nothing or does not read

/// One connection: a line in, a line out; where the client is awaited, another line in or its end.
class Session final : public ControlClient, public std::enable_shared_from_this<Session> {
 public:
  Session(Protocol::socket socket, std::shared_ptr<ControlServer::Handler> handler)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(std::move(handler)) {}

  void Serve() {
    HurryUp();
    asio::async_read_until(
        socket_, asio::dynamic_buffer(line_, kLongestRequest), '\n',
        [self = shared_from_this()](error_code ec, size_t size) { self->OnLine(ec, size); });
  }

  void Answer(const Result<std::string>& answer) override {
    if (std::exchange(answered_, true)) return;
    if (!awaited_) HurryUp();
    out_ = contract::EncodeAnswer(answer);
    asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code, size_t) {
      if (!self->awaited_) self->timer_.cancel();
    });
  }

  void AwaitEnd(std::function<void(bool)> done) override {
    awaited_ = true;
    timer_.cancel();
    asio::async_read_until(
        socket_, asio::dynamic_buffer(line_, kLongestRequest), '\n',
        [self = shared_from_this(), done = std::move(done)](error_code ec, size_t) { done(!ec); });
  }

 private:
  void HurryUp() {
    timer_.expires_after(kPatience);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      error_code ignored;
      if (!ec) self->socket_.close(ignored);
    });
  }

  void OnLine(error_code ec, size_t size) {
    timer_.cancel();
    if (ec) return;
    const auto request = contract::DecodeRequest(std::string_view(line_).substr(0, size));
    line_.erase(0, size);
    if (request)
      (*handler_)(*request, shared_from_this());
    else
      Answer(request.error());
  }

  Protocol::socket socket_;
  asio::steady_timer timer_;
  std::shared_ptr<ControlServer::Handler> handler_;
  std::string line_, out_;
  bool answered_ = false;
  bool awaited_ = false;
};

}  // namespace

struct ControlServer::Impl : std::enable_shared_from_this<ControlServer::Impl> {
  Impl(asio::io_context& io, fs::path p, Handler h)
      : acceptor(io), path(std::move(p)), handler(std::make_shared<Handler>(std::move(h))) {}

  void Accept() {
    acceptor.async_accept([self = shared_from_this()](error_code ec, Protocol::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (!ec) std::make_shared<Session>(std::move(socket), self->handler)->Serve();
      self->Accept();
    });
  }

  Protocol::acceptor acceptor;
  fs::path path;
  std::shared_ptr<Handler> handler;
};

ControlServer::ControlServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  ::unlink(impl_->path.c_str());
}

Result<std::unique_ptr<ControlServer>> ControlServer::Make(asio::io_context& io, const fs::path& path,
                                                           Handler handler) {
  auto impl = std::make_shared<Impl>(io, path, std::move(handler));
  ::unlink(path.c_str());
  error_code ec;
  impl->acceptor.open(Protocol(), ec);
  contract::SocketPath short_path(path);
  mode_t mask = ::umask(0177);
  if (!ec) impl->acceptor.bind(Protocol::endpoint(short_path.text()), ec);
  ::umask(mask);
  if (!ec) impl->acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("listen on {}: {}", path.string(), ec.message()),
                 fmt::format("make {} writable for this user", path.parent_path().string())};
  }
  impl->Accept();
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

}  // namespace cdc::orchestrator
