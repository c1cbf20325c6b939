#include "cli/command.h"

#include <ctime>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "lib/contract/exit_code.h"

namespace cdc::cli {

CLI::App* AddSubcommand(CLI::App& app, const std::string& name, const std::string& description) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->fallthrough();
  sub->set_version_flag("--version", "cdc " CDC_VERSION);
  return sub;
}

int Fail(const Error& error) {
  fmt::print(stderr, "cdc: {}\n", Describe(error));
  return static_cast<int>(contract::ExitCodeFor(error.kind));
}

std::function<int()> Reporting(std::function<Result<int>()> action) {
  return [action = std::move(action)] {
    auto result = action();
    return result ? *result : Fail(result.error());
  };
}

Result<std::shared_ptr<const config::Config>> LoadConfig(const Command& command) {
  auto loaded = config::Load(command.config);
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) {
    Error error = loaded.error();
    error.kind = ErrorKind::kInvalidConfig;
    error.hint = "give the configuration with --config FILE";
    return error;
  }
  return loaded;
}

Status NeedsIceberg(const config::Table& table, const std::string& why, const std::string& hint) {
  if (table.in_iceberg()) return {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("Table {} is written to [sinks.{}]: {}", table.name, table.sink, why), hint};
}

std::string TimeText(int64_t unix_ms) {
  if (unix_ms <= 0) return "-";
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
  return text;
}

}  // namespace cdc::cli
