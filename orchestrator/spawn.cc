#include "orchestrator/spawn.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "lib/contract/job_message.h"

namespace cdc::orchestrator {
namespace {

constexpr int kFirstForeignFd = contract::kJobChannelFd + 1;

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// All the child needs, made before the fork: between vfork and exec only system calls are allowed.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* envp;
  int fds[4];  ///< to become 0, 1, 2, 3; all ≥ kFirstForeignFd
  int report;  ///< the errno of a failure goes here; exec closes it. ≥ kFirstForeignFd
  pid_t parent;
};

void ResetSignals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the child, in our memory. Returns only when something failed: its errno.
int Become(const ChildPlan& plan) {
  if (::setpgid(0, 0) != 0) return errno;
  for (int target = 0; target < 4; ++target) {
    if (::dup2(plan.fds[target], target) < 0) return errno;
  }
  // Kernels before 5.11 lack it; then O_CLOEXEC, which all our own descriptors have, must do.
  ::syscall(SYS_close_range, kFirstForeignFd, ~0U, CLOSE_RANGE_CLOEXEC);
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return errno;
  if (::getppid() != plan.parent) return ESRCH;  // it died before prctl
  ResetSignals();
  ::execve(plan.program, plan.argv, plan.envp);
  return errno;
}

/// A separate function, so that no local of the caller lives across vfork in a register.
[[gnu::noinline]] pid_t Fork(const ChildPlan& plan) {
  pid_t pid = ::vfork();
  if (pid == 0) {
    int failure = Become(plan);
    ssize_t ignored = ::write(plan.report, &failure, sizeof failure);
    (void)ignored;
    ::_exit(127);
  }
  return pid;
}

/// The errno the child reported; 0: exec succeeded. A pipe, not shared memory, because tools
/// (ThreadSanitizer, valgrind) turn vfork into fork.
int Outcome(int pipe) {
  int failure = 0;
  ssize_t size;
  while ((size = ::read(pipe, &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  return size == sizeof failure ? failure : 0;
}

/// A copy numbered above those the child uses, so that dup2 never overwrites a source. −1: errno.
int Raise(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstForeignFd); }

struct Descriptors {
  int fds[6] = {-1, -1, -1, -1, -1, -1};  ///< for the child 0 to 3; the report pipe's read and write end
  ~Descriptors() {
    for (int fd : fds) {
      if (fd >= 0) ::close(fd);
    }
  }
};

Error Failed(const std::string& program, int code) {
  bool missing = code == ENOENT || code == EACCES || code == ENOTDIR || code == ENOEXEC || code == EISDIR;
  return {missing ? ErrorKind::kNotFound : ErrorKind::kTransient,
          fmt::format("start worker {}: {}", program, std::strerror(code)),
          missing ? "build the worker (scripts/build.sh), or correct job = … in tables.toml" : ""};
}

}  // namespace

Result<pid_t> Spawn(const SpawnOptions& options) {
  if (::access(options.program.c_str(), X_OK) != 0) return Failed(options.program, errno);
  Descriptors raised;
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return Failed(options.program, errno == ENOENT ? EIO : errno);
  raised.fds[0] = Raise(null);
  ::close(null);
  raised.fds[1] = Raise(options.standard_out);
  raised.fds[2] = Raise(options.standard_error);
  raised.fds[3] = Raise(options.channel);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return Failed(options.program, EMFILE);
  raised.fds[4] = report[0];
  raised.fds[5] = Raise(report[1]);
  ::close(report[1]);
  for (int fd : raised.fds) {
    if (fd < 0) return Failed(options.program, EMFILE);
  }
  std::vector<std::string> argv_texts = options.args;
  argv_texts.insert(argv_texts.begin(), options.program);
  std::vector<char*> argv = Pointers(argv_texts);
  std::vector<char*> envp = Pointers(options.environment);
  ChildPlan plan{options.program.c_str(), argv.data(), envp.data(), {}, raised.fds[5], ::getpid()};
  std::memcpy(plan.fds, raised.fds, sizeof plan.fds);

  // Our handlers must not run in the child, in our memory: it unblocks when they are reset.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  errno = 0;
  pid_t pid = Fork(plan);
  int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return Failed(options.program, fork_error);
  ::close(std::exchange(raised.fds[5], -1));
  if (int failure = Outcome(raised.fds[4]); failure != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return Failed(options.program, failure);
  }
  return pid;
}

}  // namespace cdc::orchestrator
