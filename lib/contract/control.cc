#include "lib/contract/control.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/core/redaction.h"

namespace cdc::contract {
namespace {

using nlohmann::json;

constexpr std::pair<ControlCommand, const char*> kCommands[] = {
    {ControlCommand::kStatus, "status"},   {ControlCommand::kOverview, "overview"},
    {ControlCommand::kTrigger, "trigger"}, {ControlCommand::kStop, "stop"},
    {ControlCommand::kPause, "pause"},     {ControlCommand::kResume, "resume"},
    {ControlCommand::kRestart, "restart"}, {ControlCommand::kLend, "lend"},
    {ControlCommand::kReload, "reload"}};

constexpr ErrorKind kKinds[] = {
    ErrorKind::kInvalidArgument, ErrorKind::kInvalidConfig, ErrorKind::kNotFound, ErrorKind::kConflict,
    ErrorKind::kTransient,       ErrorKind::kCommitUnknown, ErrorKind::kCorrupt,  ErrorKind::kUnsupported,
    ErrorKind::kBadValue,        ErrorKind::kShuttingDown};

bool NeedsTable(ControlCommand command) {
  switch (command) {
    case ControlCommand::kTrigger:
    case ControlCommand::kPause:
    case ControlCommand::kResume:
    case ControlCommand::kRestart:
    case ControlCommand::kLend: return true;
    case ControlCommand::kStatus:
    case ControlCommand::kOverview:
    case ControlCommand::kStop:
    case ControlCommand::kReload: return false;
  }
  return false;
}

struct Socket {
  int fd = -1;
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
};

/// Waits for `event` until `deadline`. False: time-out.
bool WaitFor(int fd, short event, SteadyTime deadline) {
  while (true) {
    auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    pollfd entry{fd, event, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Status Connect(const Socket& socket, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  SocketPath short_path(path);
  const std::string& text = short_path.text();
  if (text.size() >= sizeof address.sun_path) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("connect to the orchestrator at {}: it is not running", path.string()),
                 "cdc start"};
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  bool nobody = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
  return Error{nobody ? ErrorKind::kNotFound : ErrorKind::kTransient,
               fmt::format("connect to the orchestrator at {}: {}", path.string(),
                           nobody ? "it is not running" : std::strerror(errno)),
               nobody ? "cdc start" : ""};
}

}  // namespace

SocketPath::SocketPath(const std::filesystem::path& path) : text_(path.string()) {
  if (text_.size() < sizeof(sockaddr_un::sun_path)) return;
  folder_ = ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_ >= 0) text_ = fmt::format("/proc/self/fd/{}/{}", folder_, path.filename().string());
}

SocketPath::~SocketPath() {
  if (folder_ >= 0) ::close(folder_);
}

std::string EncodeRequest(const ControlRequest& request) {
  nlohmann::ordered_json o = json::object();
  for (const auto& [command, name] : kCommands) {
    if (command == request.command) o["command"] = name;
  }
  if (!request.table.empty()) o["table"] = request.table;
  if (!request.by.empty()) o["by"] = request.by;
  return o.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<ControlRequest> DecodeRequest(std::string_view line) {
  json o = json::parse(line, nullptr, false);
  Error bad{ErrorKind::kInvalidArgument, fmt::format("no such request: {}", line.substr(0, 200))};
  if (o.is_discarded() || !o.is_object() || !o.contains("command")) return bad;
  for (const auto& [command, name] : kCommands) {
    if (o["command"] != name) continue;
    ControlRequest request{command};
    if (o.contains("table")) {
      if (!o["table"].is_string()) return bad;
      request.table = o["table"];
    }
    if (o.contains("by")) {
      if (!o["by"].is_string()) return bad;
      request.by = o["by"];
    }
    if (NeedsTable(command) && request.table.empty()) return bad;
    return request;
  }
  return bad;
}

std::string EncodeAnswer(const Result<std::string>& answer) {
  nlohmann::ordered_json o = json::object();
  o["ok"] = answer.has_value();
  if (answer) {
    o["body"] = *answer;
  } else {
    const Error error = answer.error();
    o["kind"] = ToString(error.kind);
    o["error"] = WithoutSecrets(error.message);
    o["hint"] = WithoutSecrets(error.hint);
  }
  return o.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<std::string> DecodeAnswer(std::string_view line) {
  json o = json::parse(line, nullptr, false);
  Error bad{ErrorKind::kCorrupt, fmt::format("read the orchestrator's answer: {}", line.substr(0, 200))};
  if (o.is_discarded() || !o.is_object()) return bad;
  try {
    if (o.at("ok").get<bool>()) return o.at("body").get<std::string>();
    Error error{ErrorKind::kTransient, o.at("error"), o.at("hint")};
    for (ErrorKind kind : kKinds) {
      if (o.at("kind") == ToString(kind)) error.kind = kind;
    }
    return error;
  } catch (const json::exception&) {
    return bad;
  }
}

namespace {

/// Sends the request and waits for the answer; the connection stays open in `socket`.
Result<std::string> Ask(const std::filesystem::path& path, const ControlRequest& request, Millis timeout,
                        Socket* socket) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  socket->fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket->fd < 0)
    return Error{ErrorKind::kTransient, fmt::format("make a socket: {}", std::strerror(errno))};
  CDC_TRY(Connect(*socket, path));
  std::string line = EncodeRequest(request);
  ssize_t sent = ::send(socket->fd, line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) {
    return Error{ErrorKind::kTransient, fmt::format("ask the orchestrator: {}", std::strerror(errno))};
  }
  std::string answer;
  char buffer[4096];
  while (!answer.ends_with('\n')) {
    if (!WaitFor(socket->fd, POLLIN, deadline)) {
      return Error{ErrorKind::kTransient,
                   fmt::format("ask the orchestrator: no answer in {} ms", timeout.count())};
    }
    ssize_t size = ::recv(socket->fd, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Error{ErrorKind::kTransient, "ask the orchestrator: it closed the connection"};
    answer.append(buffer, static_cast<size_t>(size));
  }
  return DecodeAnswer(answer);
}

}  // namespace

Result<std::string> AskOrchestrator(const std::filesystem::path& path, const ControlRequest& request,
                                    Millis timeout) {
  Socket socket;
  return Ask(path, request, timeout, &socket);
}

Result<Loan> Loan::Take(const std::filesystem::path& path, const std::string& table, const std::string& by,
                        Millis timeout) {
  Socket socket;
  CDC_TRY(Ask(path, {ControlCommand::kLend, table, by}, timeout, &socket));
  return Loan(std::exchange(socket.fd, -1));
}

Loan::Loan(Loan&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Loan& Loan::operator=(Loan&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Loan::~Loan() {
  if (fd_ >= 0) ::close(fd_);
}

void Loan::Finish() {
  // An orchestrator that is gone by now has nothing to be told.
  if (fd_ >= 0) (void)::send(fd_, "done\n", 5, MSG_NOSIGNAL);
}

}  // namespace cdc::contract
