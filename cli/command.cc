#include "cli/command.h"

#include <algorithm>
#include <ctime>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "lib/contract/exit_code.h"

namespace cdc::cli {

std::string FirstClause(const std::string& description) {
  size_t end = description.size();
  for (const char* mark : {". ", ": ", "; "}) end = std::min(end, description.find(mark));
  return description.substr(0, end);
}

CLI::App* AddSubcommand(CLI::App& app, const std::string& name, const std::string& description) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->fallthrough();
  sub->footer("");  // that of `cdc` itself is long
  // In each command's help, and after it on the command line.
  CLI::Option* config = app.get_option("--config");
  sub->add_option_function<std::string>(
         "--config",
         [config](const std::string& file) {
           config->clear();
           config->add_result(file);
           config->run_callback();
         },
         "configuration file; else CDC_CONFIG, else tables.toml")
      ->type_name("FILE");
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

Status NeedsIceberg(const config::Config& config, const config::Table& table, const std::string& why,
                    const std::string& hint) {
  if (table.in_iceberg()) return {};
  if (config.IsIn(table, config::SinkType::kDelta)) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("Table {} is written to [sinks.{}], a Delta sink: this command is not built yet for those",
                             table.name, table.sink),
                 "docs/delta.md says what there is in its place"};
  }
  return Error{ErrorKind::kUnsupported,
               fmt::format("Table {} is written to [sinks.{}]: {}", table.name, table.sink, why), hint};
}

std::string SpanText(int64_t ms) {
  const int64_t seconds = std::max<int64_t>(0, ms / 1000);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 2 * 86400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
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
