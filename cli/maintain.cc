/// cdc maintain: have a table's files merged, its old snapshots expired and leftovers removed, now.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool dry_run = false;
  bool json = false;
};

struct Ended {
  int exit = -1;
  std::string output;
};

/// The stock worker does it: it is what knows how, and its table's key index has to follow.
Result<std::filesystem::path> FindWorker() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto program = self.parent_path() / "jobs" / "upsert";
  if (!error && ::access(program.c_str(), X_OK) == 0) return program;
  return Error{ErrorKind::kInvalidConfig,
               fmt::format("Maintaining a table: there is no program {}", program.string()),
               "build the target job_upsert, or install it beside cdc"};
}

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

/// Runs `words` to its end; its stderr is ours. On the main thread, which lives as long as the process.
Result<Ended> RunProgram(std::vector<std::string> words) {
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
  Ended ended;
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

void PrintFigures(const char* when, const nlohmann::json& f) {
  const auto number = [&](const char* name) { return f.value(name, int64_t{0}); };
  fmt::print(
      "  {}: {} rows in {} data files ({} small), {} deleted rows in {} delete files, {:.1f} MB, {} "
      "manifests, "
      "{} snapshots\n",
      when, number("rows"), number("data_files"), number("small_files"), number("deleted_rows"),
      number("delete_files"), static_cast<double>(number("bytes")) / 1e6, number("manifests"),
      number("snapshots"));
}

void Print(const nlohmann::json& line) {
  const auto& due = line["due"];
  fmt::print("maintain {}:\n", line.value("table", ""));
  PrintFigures("before", line["before"]);
  fmt::print("  {}: {} data files rewritten, {} snapshots expired, {} leftover files removed\n",
             line.value("dry_run", false) ? "would begin with" : "began with",
             due.value("files_to_rewrite", int64_t{0}), due.value("snapshots_to_expire", int64_t{0}),
             due.value("orphans", int64_t{0}));
  if (line.contains("after")) PrintFigures("after", line["after"]);
  if (line.contains("finished") && !line.value("finished", true))
    fmt::print("  interrupted: the same command goes on\n");
  fmt::print("  took {:.1f} s\n", line.value("seconds", 0.0));
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(const auto config, LoadConfig(command));
  CDC_ASSIGN(const auto table, config->FindTable(options.table));
  CDC_ASSIGN(const auto program, FindWorker());
  std::vector<std::string> words = {program.string(), "--config", command.config.string(),
                                    "--table",        table.name, "--maintain"};
  if (options.dry_run) words.emplace_back("--dry-run");
  CDC_ASSIGN(const Ended ended, RunProgram(std::move(words)));
  const auto line = nlohmann::json::parse(ended.output, nullptr, false);
  if (!line.is_object()) {
    return Error{
        ErrorKind::kTransient,
        fmt::format("The worker maintaining {} ended without a report (exit {})", table.name, ended.exit)};
  }
  if (options.json) {
    fmt::print("{}\n", line.dump());
  } else if (ended.exit == 0) {
    Print(line);
  }
  return ended.exit < 0 ? kAttention : ended.exit;
}

}  // namespace

void AddMaintain(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "maintain", "Merge a table's files, expire old snapshots and remove leftovers, now");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--dry-run", options->dry_run, "only tell what is due");
  sub->add_flag("--json", options->json, "one JSON line");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
