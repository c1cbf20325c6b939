#include "cli/worker_program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/core.h>

namespace cdc::cli {
namespace {

/// In the child. Ends it when the program cannot be started.
[[noreturn]] void Become(char* const* arguments, int output, pid_t parent) {
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // The worker holds the table's lock: when we are killed it is told to end, as by any SIGTERM.
  if (input >= 0 && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0) {
    if (::getppid() != parent) ::_exit(127);  // we died before that
    ::execv(arguments[0], arguments);
  }
  fmt::print(stderr, "Starting {}: {}\n", arguments[0], std::strerror(errno));
  ::_exit(127);
}

}  // namespace

Result<std::filesystem::path> FindWorker(const std::string& job, const std::string& doing) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto program = self.parent_path() / "jobs" / job;
  if (!error && ::access(program.c_str(), X_OK) == 0) return program;
  return Error{ErrorKind::kInvalidConfig, fmt::format("{}: there is no program {}", doing, program.string()),
               fmt::format("build the target job_{}, or install it beside cdc", job)};
}

Result<WorkerEnded> RunWorker(std::vector<std::string> words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error{ErrorKind::kTransient, fmt::format("Making a pipe: {}", std::strerror(errno))};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  const int failed = pid < 0 ? errno : 0;
  if (pid == 0) Become(arguments.data(), ends[1], parent);
  ::close(ends[1]);
  WorkerEnded ended;
  char buffer[4096];
  for (ssize_t got = 1; failed == 0 && got != 0;) {
    got = ::read(ends[0], buffer, sizeof buffer);
    if (got < 0 && errno != EINTR) break;
    if (got > 0) ended.output.append(buffer, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  if (failed != 0)
    return Error{ErrorKind::kInvalidConfig, fmt::format("Starting {}: {}", words[0], std::strerror(failed))};
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) ended.exit = WEXITSTATUS(status);
  return ended;
}

}  // namespace cdc::cli
