#include "orchestrator/spawn.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/process/v2/posix/bind_fd.hpp>
#include <boost/process/v2/posix/vfork_launcher.hpp>

#include "lib/contract/job_message.h"

namespace cdc::orchestrator {
namespace {

namespace process = boost::process::v2;
using boost::system::error_code;

/// In the child, for as long as exec() has not succeeded: takes the errno of what failed. Next to the
/// worker's descriptors, because Boost 1.83 closes only what lies above the highest one that is to stay.
constexpr int kReportFd = contract::kJobChannelFd + 1;
constexpr int kFirstForeignFd = kReportFd + 1;

std::vector<const char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

void ResetSignals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Initialiser of Boost.Process: makes the child independent of us, except that it ends with us. What begins
/// with on_exec runs in the child and in our memory, between vfork and exec: system calls only.
class Independence {
 public:
  /// \param report write end of a pipe, ≥ kFirstForeignFd
  explicit Independence(int report) : report_(report), parent_(::getpid()) {}

  error_code on_setup(process::posix::default_launcher& launcher, const process::filesystem::path&,
                      const char* const*) const {
    launcher.fd_whitelist.push_back(kReportFd);
    return {};
  }

  error_code on_exec_setup(process::posix::default_launcher&, const process::filesystem::path&,
                           const char* const*) const {
    if (::dup3(report_, kReportFd, O_CLOEXEC) < 0 || ::setpgid(0, 0) != 0 ||
        ::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
      return {errno, boost::system::system_category()};
    ResetSignals();
    if (::getppid() == parent_) return {};
    errno = ESRCH;  // it died before prctl; Boost takes errno, whatever is returned
    return {errno, boost::system::system_category()};
  }

  /// A template, because Boost 1.83 calls it with other arguments than those it looks for. A pipe besides the
  /// error code that Boost leaves in our memory, because tools (ThreadSanitizer, valgrind) turn vfork into
  /// fork.
  template <typename... Ignored>
  void on_exec_error(const Ignored&...) const {
    const int failure = errno;
    for (const int fd : {report_, kReportFd}) {
      if (::write(fd, &failure, sizeof failure) == sizeof failure) return;
    }
  }

 private:
  int report_;
  pid_t parent_;
};

/// The errno the child reported; 0: exec succeeded.
int Outcome(int pipe) {
  int failure = 0;
  ssize_t size;
  while ((size = ::read(pipe, &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  return size == sizeof failure ? failure : 0;
}

/// A copy numbered above those that the child uses, so that dup2 never overwrites a source. −1: errno.
int Raise(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstForeignFd); }

struct Descriptors {
  int fds[6] = {-1, -1, -1, -1, -1, -1};  ///< for the child 0 to 3; the report pipe's read and write end
  ~Descriptors() {
    for (int fd : fds) {
      if (fd >= 0) ::close(fd);
    }
  }
};

/// Our handlers must not run in the child, in our memory: it unblocks when they are reset.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

Error Failed(const std::string& program, int code) {
  bool missing = code == ENOENT || code == EACCES || code == ENOTDIR || code == ENOEXEC || code == EISDIR;
  return {missing ? ErrorKind::kNotFound : ErrorKind::kTransient,
          fmt::format("start worker {}: {}", program, std::strerror(code)),
          missing ? "build the worker (scripts/build.sh), or correct job = … in tables.toml" : ""};
}

/// Boost 1.83 neither waits for a child that could not exec(), nor ends one for which no pidfd could be had.
void End(pid_t pid) {
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status Open(const SpawnOptions& options, Descriptors* raised) {
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return Failed(options.program, errno == ENOENT ? EIO : errno);
  raised->fds[0] = Raise(null);
  ::close(null);
  raised->fds[1] = Raise(options.standard_out);
  raised->fds[2] = Raise(options.standard_error);
  raised->fds[3] = Raise(options.channel);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return Failed(options.program, EMFILE);
  raised->fds[4] = report[0];
  raised->fds[5] = Raise(report[1]);
  ::close(report[1]);
  for (int fd : raised->fds) {
    if (fd < 0) return Failed(options.program, EMFILE);
  }
  return {};
}

}  // namespace

Result<process::process> Spawn(const boost::asio::any_io_executor& executor, const SpawnOptions& options) {
  using process::posix::bind_fd;
  if (::access(options.program.c_str(), X_OK) != 0) return Failed(options.program, errno);
  Descriptors raised;
  CDC_TRY(Open(options, &raised));
  const std::vector<const char*> environment = Pointers(options.environment);
  process::posix::vfork_launcher launcher;
  launcher.env = environment.data();
  error_code ec;
  try {
    auto started = [&] {
      const BlockedSignals blocked;
      return launcher(executor, ec, options.program, options.args, bind_fd(0, raised.fds[0]),
                      bind_fd(1, raised.fds[1]), bind_fd(2, raised.fds[2]),
                      bind_fd(contract::kJobChannelFd, raised.fds[3]), Independence(raised.fds[5]));
    }();
    ::close(std::exchange(raised.fds[5], -1));
    if (!ec) ec.assign(Outcome(raised.fds[4]), boost::system::system_category());
    if (!ec) return started;
    if (!started.is_open()) End(launcher.pid);
    return Failed(options.program, ec.value());
  } catch (const boost::system::system_error& e) {  // no pidfd: of Boost's own, or of an old kernel
    End(launcher.pid);
    return Failed(options.program, e.code().value());
  }
}

}  // namespace cdc::orchestrator
