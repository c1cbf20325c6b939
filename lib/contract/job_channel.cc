#include "lib/contract/job_channel.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::contract {
namespace {

constexpr Millis kSendPatience{1000};

/// poll(2) for one event, restarted after signals. False: time-out.
bool WaitFor(int fd, short event, SteadyTime deadline) {
  while (true) {
    auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    pollfd entry{fd, event, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

JobChannel JobChannel::FromEnvironment() {
  struct stat info;
  bool ours = std::getenv(kJobChannelVariable) != nullptr && ::fstat(kJobChannelFd, &info) == 0 &&
              S_ISSOCK(info.st_mode);
  ::unsetenv(kJobChannelVariable);
  if (!ours) return JobChannel(-1);
  ::fcntl(kJobChannelFd, F_SETFD, FD_CLOEXEC);
  return JobChannel(kJobChannelFd);
}

JobChannel::JobChannel(int fd) : fd_(fd) {}

JobChannel::JobChannel(JobChannel&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      gone_(other.gone_),
      incoming_(std::move(other.incoming_)),
      outgoing_(std::move(other.outgoing_)),
      progress_(std::move(other.progress_)) {}

JobChannel& JobChannel::operator=(JobChannel&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(gone_, other.gone_);
  incoming_.swap(other.incoming_);
  outgoing_.swap(other.outgoing_);
  progress_.swap(other.progress_);
  return *this;
}

JobChannel::~JobChannel() {
  if (fd_ >= 0) ::close(fd_);
}

void JobChannel::SendReady() { Send(Ready{}); }

void JobChannel::SendExiting(const PartitionOffsets& next) { Send(Exiting{next}); }

void JobChannel::Send(const WorkerMessage& message) {
  if (fd_ < 0 || gone_) return;
  outgoing_ += std::exchange(progress_, {}) + EncodeMessage(message);
  Flush(kSendPatience);
}

void JobChannel::SendProgress(const Progress& progress) {
  if (fd_ < 0 || gone_) return;
  progress_ = EncodeMessage(progress);
  if (!Flush(Millis(0))) return;
  outgoing_ = std::exchange(progress_, {});
  Flush(Millis(0));
}

bool JobChannel::Flush(Millis timeout) {
  SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  while (!outgoing_.empty()) {
    ssize_t sent = ::send(fd_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      outgoing_.erase(0, static_cast<size_t>(sent));
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (timeout.count() == 0 || !WaitFor(fd_, POLLOUT, deadline)) return false;
    } else {
      gone_ = true;  // EPIPE, ECONNRESET: commands already received can still be read
      outgoing_.clear();
      return false;
    }
  }
  return true;
}

bool JobChannel::Fill() {
  char buffer[1024];
  while (true) {
    ssize_t size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size > 0) {
      incoming_.append(buffer, static_cast<size_t>(size));
    } else if (size < 0 && errno == EINTR) {
      continue;
    } else {
      return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
  }
}

std::optional<Command> JobChannel::NextCommand() {
  for (size_t end = incoming_.find('\n'); end != std::string::npos; end = incoming_.find('\n')) {
    Result<Command> command = DecodeCommand(std::string_view(incoming_).substr(0, end));
    incoming_.erase(0, end + 1);
    if (command) return *command;  // an unknown command is a newer orchestrator's: skipped
  }
  return std::nullopt;
}

std::optional<Command> JobChannel::Poll() {
  if (fd_ < 0) return std::nullopt;
  if (!Fill()) gone_ = true;
  if (auto command = NextCommand()) return command;
  if (gone_) return Command::kOrphaned;
  if (outgoing_.empty() && !progress_.empty()) outgoing_ = std::exchange(progress_, {});
  Flush(Millis(0));
  return std::nullopt;
}

Command JobChannel::AwaitAnswer(Millis timeout) {
  if (fd_ < 0) return Command::kGo;
  SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    if (auto command = Poll()) return *command;
    if (!WaitFor(fd_, POLLIN, deadline)) return Command::kGo;
  }
}

}  // namespace cdc::contract
