#include "orchestrator/process_launcher.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lib/contract/names.h"
#include "orchestrator/line_reader.h"
#include "orchestrator/process_end.h"
#include "orchestrator/spawn.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;

constexpr size_t kLongestLine = 1 << 20;  // bytes; offsets of thousands of partitions fit
/// Most bytes taken at once from one worker, so that a chatty one does not starve the others.
constexpr size_t kReadChunk = 16 << 10;

/// A descriptor that closes itself.
struct Fd {
  explicit Fd(int value = -1) : number(value) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Close(); }
  void Close() {
    if (number >= 0) ::close(number);
    number = -1;
  }
  int Release() { return std::exchange(number, -1); }
  int number;
};

Error Shortage(const JobSpec& spec, const char* what) {
  return {ErrorKind::kTransient,
          fmt::format("start worker for {}: {}: {}", spec.table, what, std::strerror(errno))};
}

/// Our environment and the variables that tell the worker of its channel and its name.
std::vector<std::string> Environment(const std::string& run) {
  const std::string channel = fmt::format("{}=", contract::kJobChannelVariable);
  const std::string name = fmt::format("{}=", contract::kRunVariable);
  std::vector<std::string> variables;
  for (char** entry = ::environ; *entry; ++entry) {
    const std::string_view variable = *entry;
    if (!variable.starts_with(channel) && !variable.starts_with(name)) variables.emplace_back(variable);
  }
  variables.push_back(fmt::format("{}{}", channel, contract::kJobChannelFd));
  if (!run.empty()) variables.push_back(name + run);
  return variables;
}

/// Copied and emptied, not renamed: a running worker goes on writing to the same file, in append mode.
void RotateLog(const fs::path& log, int64_t limit) {
  error_code ignored;
  std::error_code ec;
  if (static_cast<int64_t>(fs::file_size(log, ec)) <= limit || ec) return;
  fs::copy_file(log, log.string() + ".1", fs::copy_options::overwrite_existing, ec);
  if (!ec) fs::resize_file(log, 0, ec);
}

/// Shared by the Run the caller holds and the pending operations of the io_context.
class LiveProcess : public std::enable_shared_from_this<LiveProcess> {
 public:
  LiveProcess(asio::io_context& io, JobSpec spec, Launcher::Callbacks callbacks,
              ProcessLauncherOptions options)
      : spec_(std::move(spec)),
        callbacks_(std::move(callbacks)),
        options_(options),
        channel_(io),
        stdout_(io),
        ending_(io),
        timer_(io) {}

  ~LiveProcess() {
    // Only when the io_context is gone before the process is; process_ waits for it.
    if (process_ && !reaped_) ::kill(-pid(), SIGKILL);
  }

  Status Start() {
    RotateLog(spec_.log, options_.max_log_bytes);
    std::error_code ec;
    fs::create_directories(spec_.log.parent_path(), ec);
    Fd log(::open(spec_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (log.number < 0) return Shortage(spec_, spec_.log.c_str());
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
      return Shortage(spec_, "socketpair");
    Fd ours(sockets[0]), theirs(sockets[1]);
    int pipes[2];
    if (::pipe2(pipes, O_CLOEXEC) != 0) return Shortage(spec_, "pipe");
    Fd read_end(pipes[0]), write_end(pipes[1]);
    CDC_ASSIGN(process_, Spawn(channel_.get_executor(), {.program = spec_.program.string(),
                                                         .args = spec_.args,
                                                         .environment = Environment(spec_.run),
                                                         .standard_out = write_end.number,
                                                         .standard_error = log.number,
                                                         .channel = theirs.number}));
    channel_.assign(asio::local::stream_protocol(), ours.Release());
    channel_.non_blocking(true);
    stdout_.assign(read_end.Release());
    stdout_.non_blocking(true);
    int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid(), 0));
    if (pidfd < 0) return Shortage(spec_, "pidfd_open");
    ending_.assign(pidfd);
    AwaitEnd();
    AwaitMessages();
    AwaitOutput();
    AwaitLogCheck();
    return {};
  }

  int pid() const { return process_->id(); }

  void Say(contract::Command command) {
    if (reaped_) return;
    std::string line = contract::EncodeCommand(command);
    // Tens of bytes into an empty socket: it fits whole, or the worker has not read for a very long time.
    (void)::send(channel_.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// To its process group.
  void Signal(int number) {
    if (!reaped_) ::kill(-pid(), number);
  }

  /// The caller let go of a live run.
  void Abandon() {
    callbacks_ = {};
    if (reaped_) return;
    ::kill(-pid(), SIGKILL);
    error_code ignored;
    channel_.cancel(ignored);
    stdout_.cancel(ignored);
    timer_.cancel();
  }

 private:
  /// Not Boost.Process' async_wait: once woken it waits for the process without a limit, and asio may wake it
  /// too early (a stale event of a descriptor that was closed). The whole event loop then stands still until
  /// that worker ends. Here a false alarm costs one system call.
  void AwaitEnd() {
    ending_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code ec) {
      if (ec || self->reaped_) return;
      if (self->Reap()) return self->OnEnd();
      self->AwaitEnd();
    });
  }

  /// False: it still runs.
  bool Reap() {
    error_code ec;
    if (process_->running(ec)) return false;
    reaped_ = true;
    const int status = process_->native_exit_code();
    // Reaped by somebody else: the truth is lost, a crash is the safe reading.
    end_ = Signaled{SIGKILL};
    if (!ec && WIFEXITED(status)) end_ = Exited{WEXITSTATUS(status)};
    if (!ec && WIFSIGNALED(status)) end_ = Signaled{WTERMSIG(status)};
    return true;
  }

  void AwaitMessages() {
    channel_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code ec) {
      if (ec || self->reaped_ || !self->callbacks_.on_message) return;
      if (self->ReadMessages(kReadChunk)) self->AwaitMessages();
    });
  }

  void AwaitOutput() {
    stdout_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code ec) {
      if (ec || self->reaped_) return;
      if (self->ReadOutput(kReadChunk)) self->AwaitOutput();
    });
  }

  void AwaitLogCheck() {
    timer_.expires_after(options_.log_check);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (ec || self->reaped_) return;
      RotateLog(self->spec_.log, self->options_.max_log_bytes);
      self->AwaitLogCheck();
    });
  }

  /// Reads at most `limit` bytes. False: end of file.
  template <typename OnBytes>
  static bool Read(int fd, size_t limit, OnBytes on_bytes) {
    char buffer[4096];
    for (size_t total = 0; total < limit;) {
      ssize_t size = ::read(fd, buffer, sizeof buffer);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (size == 0) return false;
      total += static_cast<size_t>(size);
      on_bytes(std::string_view(buffer, static_cast<size_t>(size)));
    }
    return true;
  }

  bool ReadMessages(size_t limit) {
    return Read(channel_.native_handle(), limit, [this](std::string_view bytes) {
      message_lines_.Feed(bytes, [this](std::string_view line) {
        auto message = contract::DecodeMessage(line);  // what is no message is a newer worker's: skipped
        if (message && callbacks_.on_message) callbacks_.on_message(*message);
      });
    });
  }

  bool ReadOutput(size_t limit) {
    return Read(stdout_.native_handle(), limit, [this](std::string_view bytes) {
      output_lines_.Feed(bytes, [this](std::string_view line) {
        if (!line.empty()) last_line_ = line;
      });
    });
  }

  void OnEnd() {
    // What it said before it ended comes first. A grandchild may hold the pipe open: bounded, and never
    // waited for.
    if (callbacks_.on_message) ReadMessages(16 * kLongestLine);
    ReadOutput(16 * kLongestLine);
    error_code ignored;
    channel_.cancel(ignored);
    stdout_.cancel(ignored);
    timer_.cancel();
    ::kill(-pid(), SIGKILL);  // what it left behind in its group
    (void)process_->detach();
    std::string line = output_lines_.rest().empty() ? last_line_ : output_lines_.rest();
    auto on_end = std::move(callbacks_.on_end);
    callbacks_ = {};
    if (on_end) on_end(Judge(end_), std::move(line));
  }

  JobSpec spec_;
  Launcher::Callbacks callbacks_;
  ProcessLauncherOptions options_;
  asio::local::stream_protocol::socket channel_;
  asio::posix::stream_descriptor stdout_;
  asio::posix::stream_descriptor ending_;  ///< a pidfd: readable when the process has ended
  asio::steady_timer timer_;
  std::optional<boost::process::v2::process> process_;
  bool reaped_ = false;
  ProcessEnd end_ = Signaled{SIGKILL};
  LineReader message_lines_{kLongestLine};
  LineReader output_lines_{kLongestLine};
  std::string last_line_;
};

class ProcessRun final : public Launcher::Run {
 public:
  explicit ProcessRun(std::shared_ptr<LiveProcess> process) : process_(std::move(process)) {}
  ~ProcessRun() override { process_->Abandon(); }
  std::string ref() const override { return fmt::format("pid {}", process_->pid()); }
  int pid() const override { return process_->pid(); }
  void Say(contract::Command command) override { process_->Say(command); }
  void Terminate() override { process_->Signal(SIGTERM); }
  void Kill() override { process_->Signal(SIGKILL); }

 private:
  std::shared_ptr<LiveProcess> process_;
};

}  // namespace

Result<std::unique_ptr<Launcher::Run>> ProcessLauncher::Start(const JobSpec& spec, Callbacks callbacks) {
  auto process = std::make_shared<LiveProcess>(io_, spec, std::move(callbacks), options_);
  CDC_TRY(process->Start());
  return std::unique_ptr<Run>(std::make_unique<ProcessRun>(std::move(process)));
}

}  // namespace cdc::orchestrator
