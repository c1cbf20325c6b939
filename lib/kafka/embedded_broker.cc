#include "lib/kafka/embedded_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "lib/kafka/broker_requests_internal.h"

namespace cdc::kafka {
namespace {

constexpr size_t kLargestFrame = 512 << 20;
constexpr size_t kReadAtOnce = 256 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// One client. As Kafka does, it works on one request of a connection at a time, so answers keep their order.
struct Connection {
  Descriptor socket;
  std::string in;
  size_t consumed = 0;  ///< of `in`
  std::string out;
  size_t sent = 0;  ///< of `out`
  std::optional<ParkedFetch> parked;
  bool closed = false;
};

Error SystemError(ErrorKind kind, const std::string& doing) {
  return Error{kind, fmt::format("{}: {}", doing, std::strerror(errno))};
}

std::string NewClusterId() {
  std::random_device random;
  return fmt::format("cdc-broker-{:08x}{:08x}", random(), random());
}

}  // namespace

struct EmbeddedBroker::Impl {
  EmbeddedBrokerOptions options;
  std::string bootstrap_servers;
  Descriptor listener;
  Descriptor stop_event;
  std::vector<Connection> connections;
  std::mutex mutex;  ///< guards `store`: the broker's thread works on it, CreateTopic() too
  BrokerStore store;
  std::optional<BrokerRequests> requests;
  std::atomic<int64_t> bytes_sent = 0;
  std::thread thread;

  explicit Impl(const EmbeddedBrokerOptions& o) : options(o), store(static_cast<size_t>(o.max_bytes)) {}

  Status Listen();
  void Run();
  void Accept();
  void Receive(Connection* c);
  void Serve(Connection* c);
  void ServeParked();
  void Send(Connection* c);
  int WaitMs() const;
};

EmbeddedBroker::EmbeddedBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EmbeddedBroker::~EmbeddedBroker() {
  const uint64_t one = 1;
  if (write(impl_->stop_event.get(), &one, sizeof one) == sizeof one && impl_->thread.joinable())
    impl_->thread.join();
}

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::Start(const EmbeddedBrokerOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  CDC_TRY(impl->Listen());
  impl->stop_event = Descriptor(eventfd(0, EFD_CLOEXEC));
  if (impl->stop_event.get() < 0) return SystemError(ErrorKind::kTransient, "Starting the embedded Kafka");
  impl->thread = std::thread([raw = impl.get()] { raw->Run(); });
  return std::unique_ptr<EmbeddedBroker>(new EmbeddedBroker(std::move(impl)));
}

Status EmbeddedBroker::Impl::Listen() {
  listener = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return SystemError(ErrorKind::kTransient, "Starting the embedded Kafka");
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), 512) != 0 ||
      getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Error error =
        SystemError(ErrorKind::kInvalidConfig, fmt::format("Listening on 127.0.0.1:{}", options.port));
    error.hint = "choose another --port, or none for a free one";
    return error;
  }
  const int32_t port = ntohs(address.sin_port);
  bootstrap_servers = fmt::format("127.0.0.1:{}", port);
  requests.emplace(&store, BrokerIdentity{port, options.default_partitions, NewClusterId()});
  return {};
}

void EmbeddedBroker::Impl::Run() {
  std::vector<pollfd> waiting;
  for (;;) {
    waiting.assign({{stop_event.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}});
    for (const Connection& c : connections) {
      const short wanted = static_cast<short>(POLLIN | (c.sent < c.out.size() ? POLLOUT : 0));
      waiting.push_back({c.socket.get(), wanted, 0});
    }
    poll(waiting.data(), waiting.size(), WaitMs());
    if (waiting[0].revents != 0) return;
    for (size_t i = 0; i < connections.size(); ++i) {
      Connection& c = connections[i];
      const short happened = waiting[i + 2].revents;
      if (happened & POLLOUT) Send(&c);
      if (happened & (POLLIN | POLLHUP | POLLERR)) Receive(&c);
      Serve(&c);
    }
    ServeParked();
    std::erase_if(connections, [](const Connection& c) { return c.closed; });
    if (waiting[1].revents != 0) Accept();
  }
}

int EmbeddedBroker::Impl::WaitMs() const {
  auto next = std::chrono::steady_clock::time_point::max();
  for (const Connection& c : connections) {
    if (c.parked) next = std::min(next, c.parked->deadline);
  }
  if (next == std::chrono::steady_clock::time_point::max()) return -1;
  const auto left = next - std::chrono::steady_clock::now();
  return static_cast<int>(std::max<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0));
}

void EmbeddedBroker::Impl::Accept() {
  for (;;) {
    Descriptor socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) return;
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections.emplace_back().socket = std::move(socket);
  }
}

void EmbeddedBroker::Impl::Receive(Connection* c) {
  if (c->consumed > 0) {
    c->in.erase(0, c->consumed);
    c->consumed = 0;
  }
  const size_t had = c->in.size();
  c->in.resize(had + kReadAtOnce);
  const ssize_t n = read(c->socket.get(), c->in.data() + had, kReadAtOnce);
  c->in.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) c->closed = true;
}

void EmbeddedBroker::Impl::Serve(Connection* c) {
  while (!c->closed && !c->parked && c->sent == c->out.size()) {
    const std::string_view rest = std::string_view(c->in).substr(c->consumed);
    if (rest.size() < sizeof(int32_t)) break;
    const auto size = wire::FromBigEndian<int32_t>(rest.data());
    if (size < 0 || static_cast<size_t>(size) > kLargestFrame) {
      c->closed = true;
      break;
    }
    if (rest.size() < sizeof(int32_t) + static_cast<size_t>(size)) break;
    c->out.clear();
    c->sent = 0;
    ParkedFetch parked;
    const auto frame = rest.substr(sizeof(int32_t), static_cast<size_t>(size));
    std::unique_lock lock(mutex);
    const auto outcome = requests->Answer(frame, /*may_park=*/true, &c->out, &parked);
    lock.unlock();
    c->consumed += sizeof(int32_t) + frame.size();
    if (outcome == BrokerRequests::Outcome::kRefused) c->closed = true;
    if (outcome == BrokerRequests::Outcome::kParked) c->parked = std::move(parked);
    Send(c);
  }
}

void EmbeddedBroker::Impl::ServeParked() {
  const auto now = std::chrono::steady_clock::now();
  for (Connection& c : connections) {
    if (!c.parked || c.closed) continue;
    std::unique_lock lock(mutex);
    if (now < c.parked->deadline && !c.parked->HasData()) continue;
    ParkedFetch again;
    requests->Answer(c.parked->request, /*may_park=*/false, &c.out, &again);
    lock.unlock();
    c.parked.reset();
    Send(&c);
    Serve(&c);
  }
}

void EmbeddedBroker::Impl::Send(Connection* c) {
  while (c->sent < c->out.size()) {
    const ssize_t n = send(c->socket.get(), c->out.data() + c->sent, c->out.size() - c->sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) c->closed = true;
      return;
    }
    c->sent += static_cast<size_t>(n);
    bytes_sent += n;
  }
}

const std::string& EmbeddedBroker::bootstrap_servers() const { return impl_->bootstrap_servers; }

int64_t EmbeddedBroker::bytes_sent() const { return impl_->bytes_sent; }

Status EmbeddedBroker::DeleteTopic(const std::string& topic) {
  std::lock_guard lock(impl_->mutex);
  if (impl_->store.Delete(topic) == code::kNone) return {};
  return Error{ErrorKind::kNotFound, fmt::format("Deleting topic {}: there is none", topic)};
}

Status EmbeddedBroker::DeleteRecords(const std::string& topic, int32_t partition, int64_t first) {
  std::lock_guard lock(impl_->mutex);
  const std::string doing = fmt::format("Deleting what is before {}[{}]@{}", topic, partition, first);
  switch (impl_->store.Trim(topic, partition, first)) {
    case code::kNone: return {};
    case code::kOffsetOutOfRange:
      return Error{ErrorKind::kInvalidArgument, doing + ": that is beyond its end"};
    default: return Error{ErrorKind::kNotFound, doing + ": there is no such partition"};
  }
}

Status EmbeddedBroker::CreateTopic(const std::string& topic, int32_t partitions) {
  std::lock_guard lock(impl_->mutex);
  switch (impl_->store.Create(topic, partitions)) {
    case code::kNone: return {};
    case code::kTopicExists:
      return Error{ErrorKind::kConflict, fmt::format("Creating topic {}: it exists", topic)};
    case code::kInvalidTopic:
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Creating topic \"{}\": not a topic's name", topic),
                   "letters, digits, '.', '_' and '-', at most 249"};
    default:
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Creating topic {}: {} partitions", topic, partitions), "between 1 and 10000"};
  }
}

}  // namespace cdc::kafka
