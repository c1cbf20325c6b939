#include "cli/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <fmt/core.h>

#include "lib/contract/control.h"
#include "lib/contract/exit_code.h"
#include "lib/contract/ledger.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"
#include "lib/core/read_file.h"

namespace cdc::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLook(20);
constexpr std::chrono::seconds kStartPatience(30);
constexpr std::chrono::seconds kTellEvery(2);

contract::StateLayout LayoutOf(const config::Config& config) {
  return contract::StateLayout(config.orchestrator.state_dir);
}

Result<std::filesystem::path> FindProgram() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto program = self.parent_path() / "cdc-orchestrator";
  if (!error && access(program.c_str(), X_OK) == 0) return program;
  return Error{ErrorKind::kNotFound,
               fmt::format("Starting the orchestrator: there is no program {}", program.string()),
               "build it: ./scripts/build.sh"};
}

/// What the orchestrator printed before it had a log, or as it died. Begins anew at every start.
std::filesystem::path OutputFile(const config::Config& config) {
  return LayoutOf(config).logs() / "orchestrator.out";
}

std::string Tail(const std::filesystem::path& file) {
  constexpr size_t kMost = 4000;
  const auto read = ReadWholeFile(file);
  std::string text = read ? read->value_or("") : "";
  if (text.size() > kMost) text.erase(0, text.find('\n', text.size() - kMost) + 1);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// \return the child's pid
Result<int> Launch(const config::Config& config) {
  CDC_ASSIGN(const auto program, FindProgram());
  const auto output = OutputFile(config);
  std::error_code made;
  std::filesystem::create_directories(output.parent_path(), made);
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0) {
    const Error error{ErrorKind::kInvalidConfig,
                      fmt::format("Opening {}: {}", output.string(), std::strerror(errno)),
                      "make [orchestrator] state_dir writable"};
    for (int fd : {out, in}) {
      if (fd >= 0) close(fd);
    }
    return error;
  }
  const std::string file = config.file.string();
  const char* arguments[] = {program.c_str(), "--config", file.c_str(), nullptr};
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    setenv(contract::kLogToFileOnly, "1", 1);
    execv(program.c_str(), const_cast<char**>(arguments));
    _exit(127);
  }
  const int why = errno;
  close(in);
  close(out);
  if (pid < 0)
    return Error{ErrorKind::kTransient, fmt::format("Starting the orchestrator: {}", std::strerror(why))};
  return pid;
}

Error EndedEarly(const config::Config& config, int status) {
  const std::string words = Tail(OutputFile(config));
  if (WIFSIGNALED(status)) {
    return Error{ErrorKind::kTransient,
                 fmt::format("The orchestrator was ended by signal {}:\n{}", WTERMSIG(status), words)};
  }
  const int code = WEXITSTATUS(status);
  const bool later = code == static_cast<int>(contract::ExitCode::kTryAgain);
  return Error{later ? ErrorKind::kTransient : ErrorKind::kInvalidConfig,
               fmt::format("The orchestrator ended at once with exit code {}:\n{}", code, words)};
}

void TellWorkers(const config::Config& config) {
  auto ledger = contract::Ledger::OpenReadOnly(LayoutOf(config).ledger());
  if (!ledger) return;
  auto tables = ledger->Tables();
  if (!tables) return;
  std::string names;
  for (const auto& table : *tables) {
    if (table.pid != 0)
      names += fmt::format("{}{} (pid {})", names.empty() ? "" : ", ", table.table, table.pid);
  }
  fmt::print(stderr, "waiting for the orchestrator{}{}\n", names.empty() ? "" : " and workers of ", names);
}

}  // namespace

int OrchestratorPid(const config::Config& config) {
  return contract::LockFile::Holder(LayoutOf(config).pid_file());
}

Status StartOrchestrator(const config::Config& config) {
  if (const int pid = OrchestratorPid(config); pid != 0) {
    return Error{ErrorKind::kConflict, fmt::format("Starting the orchestrator: it runs already, pid {}", pid),
                 "cdc restart"};
  }
  CDC_ASSIGN(const int pid, Launch(config));
  const auto deadline = SteadyClock::now() + kStartPatience;
  while (SteadyClock::now() < deadline) {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) return EndedEarly(config, status);
    if (OrchestratorPid(config) == pid &&
        contract::AskOrchestrator(LayoutOf(config).control_socket(), {contract::ControlCommand::kStatus})) {
      fmt::print("orchestrator started, pid {}, log {}\n", pid, LayoutOf(config).orchestrator_log().string());
      return {};
    }
    std::this_thread::sleep_for(kLook);
  }
  return Error{ErrorKind::kTransient,
               fmt::format("The orchestrator (pid {}) does not answer after {} s:\n{}", pid,
                           kStartPatience.count(), Tail(OutputFile(config))),
               "cdc logs, or cdc stop"};
}

Result<bool> StopOrchestrator(const config::Config& config, std::chrono::seconds patience) {
  const int pid = OrchestratorPid(config);
  if (pid == 0) return false;
  auto asked =
      contract::AskOrchestrator(LayoutOf(config).control_socket(), {contract::ControlCommand::kStop});
  if (!asked && kill(pid, SIGTERM) != 0 && errno != ESRCH) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("Stopping the orchestrator, pid {}: {}", pid, std::strerror(errno)),
                 "run this as the user who started it"};
  }
  const auto begin = SteadyClock::now();
  auto tell = begin + kTellEvery;
  while (OrchestratorPid(config) == pid) {
    const auto now = SteadyClock::now();
    if (now - begin > patience) {
      return Error{ErrorKind::kTransient,
                   fmt::format("The orchestrator, pid {}, is still there after {} s", pid, patience.count()),
                   fmt::format("look at {}; kill -KILL {} loses nothing that was committed",
                               LayoutOf(config).orchestrator_log().string(), pid)};
    }
    if (now >= tell) {
      TellWorkers(config);
      tell = now + kTellEvery;
    }
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace cdc::cli
