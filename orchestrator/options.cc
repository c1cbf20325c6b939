#include "orchestrator/options.h"

#include <fmt/format.h>

namespace cdc::orchestrator {

const char* Usage() {
  return R"(cdc-orchestrator: starts a worker for each table that changes, and only while it changes

  cdc-orchestrator --config tables.toml            run in the foreground until SIGTERM or SIGINT
  cdc-orchestrator --config tables.toml --check    print everything wrong with the file; exit 78 or 0
  cdc-orchestrator --config tables.toml --drain    run workers until nothing lags; exit 1 if a table is Held

  --config FILE   default ./tables.toml; read again when it changes, and on SIGHUP
  --help, --version

Logs go to stderr and to <state_dir>/logs. Exit codes: 0 done, 1 a table is Held (--drain), 64 bad arguments,
75 try again (another orchestrator, no Kafka), 78 configuration.
)";
}

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args) {
  CommandLine line;
  auto bad = [](std::string text) {
    return Error{ErrorKind::kInvalidArgument, std::move(text), "cdc-orchestrator --help"};
  };
  auto choose = [&](Task task) {
    bool first = line.task == Task::kRun;
    line.task = task;
    return first;
  };
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--help" || arg == "-h") return CommandLine{.task = Task::kHelp};
    if (arg == "--version") return CommandLine{.task = Task::kVersion};
    if (arg == "--config") {
      if (++i == args.size()) return bad("--config needs a file");
      line.config = args[i];
    } else if (arg.starts_with("--config=")) {
      line.config = arg.substr(9);
    } else if (arg == "--check" || arg == "--drain") {
      if (!choose(arg == "--check" ? Task::kCheck : Task::kDrain))
        return bad("--check and --drain exclude each other");
    } else {
      return bad(fmt::format("unknown argument \"{}\"", arg));
    }
  }
  if (line.config.empty()) return bad("--config needs a file");
  return line;
}

}  // namespace cdc::orchestrator
