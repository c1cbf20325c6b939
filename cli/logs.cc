/// cdc logs: the orchestrator's log, or a table's.

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

constexpr std::chrono::milliseconds kLook(100);

struct Options {
  std::string table;
  bool follow = false;
  long lines = 50;
};

struct CloseFile {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Stands before the last `lines` lines.
void SeekToTail(std::FILE* file, long lines) {
  std::fseek(file, 0, SEEK_END);
  long place = std::ftell(file);
  long seen = 0;
  while (place > 0) {
    std::fseek(file, place - 1, SEEK_SET);
    // The end of the last line does not begin another one.
    if (std::fgetc(file) == '\n' && seen++ == lines) break;
    --place;
  }
  std::fseek(file, place, SEEK_SET);
}

void Copy(std::FILE* file) {
  char buffer[16384];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) std::fwrite(buffer, 1, n, stdout);
  std::clearerr(file);
  std::fflush(stdout);
}

/// The log was rotated: the name stands for another file, or the file became shorter than what was read.
bool Replaced(std::FILE* file, const std::filesystem::path& path) {
  struct stat open_file {};
  struct stat named {};
  if (fstat(fileno(file), &open_file) != 0 || stat(path.c_str(), &named) != 0) return false;
  return open_file.st_ino != named.st_ino || named.st_size < std::ftell(file);
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  const contract::StateLayout layout(config->orchestrator.state_dir);
  if (!options.table.empty()) CDC_TRY(config->FindTable(options.table));
  const auto path = options.table.empty() ? layout.orchestrator_log() : layout.table_log(options.table);
  File file(std::fopen(path.c_str(), "re"));
  if (!file && !options.follow) {
    return Error{ErrorKind::kNotFound, fmt::format("There is no log {} yet", path.string()),
                 options.table.empty() ? "cdc start" : "it comes with the table's first worker"};
  }
  if (file) SeekToTail(file.get(), options.lines);
  for (;;) {
    if (file) Copy(file.get());
    if (!options.follow) return kOk;
    std::this_thread::sleep_for(kLook);
    if (!file || Replaced(file.get(), path)) {
      if (file) Copy(file.get());
      file.reset(std::fopen(path.c_str(), "re"));
    }
  }
}

}  // namespace

void AddLogs(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "logs", "Show the end of the orchestrator's log, or of a table's workers");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration; none: the orchestrator");
  sub->add_flag("-f,--follow", options->follow, "go on with what is appended, until interrupted");
  sub->add_option("-n,--lines", options->lines, "lines to begin with")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
