#pragma once

/// \file cli/command.h
/// What all subcommands of `cdc` share.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lib/config/config.h"
#include "lib/core/result.h"

namespace CLI {
class App;
}

namespace cdc::cli {

/// Exit codes of `cdc` beside those of lib/contract/exit_code.h.
inline constexpr int kOk = 0;
inline constexpr int kAttention =
    1;  ///< `status`: something needs a person; `verify`: one is not equal; nothing confirmed

/// The command line, as far as it concerns more than one subcommand. Lives as long as main().
struct Command {
  std::filesystem::path config = "tables.toml";
  std::function<int()> run;  ///< set by the subcommand that was given
};

/// Adds a subcommand with --help, --version and --config. \param app has a --config of its own
CLI::App* AddSubcommand(CLI::App& app, const std::string& name, const std::string& description);

/// What a list of commands has room for: `description` up to its first full stop, colon or semicolon.
std::string FirstClause(const std::string& description);

/// Wraps what a subcommand does: prints an error on stderr and turns it into an exit code.
std::function<int()> Reporting(std::function<Result<int>()> action);

/// Prints "cdc: <error>" and gives its exit code.
int Fail(const Error& error);

Result<std::shared_ptr<const config::Config>> LoadConfig(const Command& command);

/// For commands that work on Iceberg tables only.
/// \param why what holds of a table in PostgreSQL \param hint what to do there
/// \return kUnsupported: `table` is written to another sink.
Status NeedsIceberg(const config::Config& config, const config::Table& table, const std::string& why,
                    const std::string& hint);

/// "2026-11-21 04:05:06" in UTC; "-" for 0.
std::string TimeText(int64_t unix_ms);
/// How long, for people: "3 s", "4 min", "2 h", "5 d".
std::string SpanText(int64_t ms);

// One per file of the same name.
void AddStart(CLI::App& app, Command* command);
void AddStop(CLI::App& app, Command* command);
void AddWait(CLI::App& app, Command* command);
void AddRuns(CLI::App& app, Command* command);
void AddDescribe(CLI::App& app, Command* command);
void AddDoctor(CLI::App& app, Command* command);
void AddInit(CLI::App& app, Command* command);
void AddCompletion(CLI::App& app, Command* command);
void AddRestart(CLI::App& app, Command* command);
void AddStatus(CLI::App& app, Command* command);
void AddLogs(CLI::App& app, Command* command);
void AddPage(CLI::App& app, Command* command);
void AddTrigger(CLI::App& app, Command* command);
void AddPause(CLI::App& app, Command* command);
void AddResume(CLI::App& app, Command* command);
void AddProduce(CLI::App& app, Command* command);
void AddBroker(CLI::App& app, Command* command);
void AddDlq(CLI::App& app, Command* command);
void AddDlqReplay(CLI::App& dlq, Command* command);
void AddReset(CLI::App& app, Command* command);
void AddAdopt(CLI::App& app, Command* command);
void AddRewind(CLI::App& app, Command* command);
void AddMaintain(CLI::App& app, Command* command);
void AddMigrate(CLI::App& app, Command* command);
void AddVerify(CLI::App& app, Command* command);
void AddConfig(CLI::App& app, Command* command);

}  // namespace cdc::cli
