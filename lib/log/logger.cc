#include "lib/log/logger.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "lib/core/printable.h"
#include "lib/core/redaction.h"

namespace cdc::log {
namespace {

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// A message holds one line: what came from outside must not forge others.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return Printable(text);
}

}  // namespace

struct Logger::Sinks {
  explicit Sinks(spdlog::logger l) : logger(std::move(l)) {}
  spdlog::logger logger;
};

Result<Logger> Logger::Make(const Options& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.to_stderr) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (!options.file.empty()) {
    try {
      std::filesystem::create_directories(options.file.parent_path());
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.file.string(), options.max_file_bytes, options.keep_files));
    } catch (const std::exception& e) {
      return cdc::Error{
          ErrorKind::kInvalidConfig, fmt::format("open log file {}: {}", options.file.string(), e.what()),
          fmt::format("make {} a folder this user can write to", options.file.parent_path().string())};
    }
  }
  spdlog::logger logger("cdc", sinks.begin(), sinks.end());
  // %l is spdlog's own spelling ("warning", "error"); ours is part of the payload so that it is short and
  // stable.
  logger.set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %v",
                                                                   spdlog::pattern_time_type::utc));
  logger.set_level(ToSpdlog(options.level));
  logger.flush_on(spdlog::level::info);
  Logger made;
  made.sinks_ = std::make_shared<Sinks>(std::move(logger));
  return made;
}

Logger Logger::With(std::string_view key, std::string_view value) const {
  Logger made = *this;
  std::string field = OneLine(key == "table" ? std::string(value) : fmt::format("{}={}", key, value));
  if (made.fields_.empty()) {
    made.fields_ = fmt::format("[{}] ", field);
  } else {
    made.fields_.insert(made.fields_.size() - 2, " " + field);
  }
  return made;
}

bool Logger::Enabled(Level level) const { return sinks_ && sinks_->logger.should_log(ToSpdlog(level)); }

void Logger::Format(Level level, fmt::string_view format, fmt::format_args args) const {
  if (!Enabled(level)) return;
  static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  const std::string text = OneLine(WithoutSecrets(fmt::vformat(format, args)));
  sinks_->logger.log(ToSpdlog(level), "{} {}{}", kNames[static_cast<int>(level)], fields_, text);
}

void Logger::Flush() const {
  if (sinks_) sinks_->logger.flush();
}

}  // namespace cdc::log
