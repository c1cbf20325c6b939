#pragma once

/// \file lib/log/logger.h
/// One line per decision: `2026-11-21T04:05:06.123Z info [faculty run=17] message key=value`.
/// Libraries return errors; programs log them once, where the decision is taken.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "lib/core/result.h"

namespace cdc::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Options {
  Level level = Level::kInfo;  ///< Lines below it cost one comparison.
  bool to_stderr = true;
  std::filesystem::path file = {};           ///< Empty: no file. Its folder is made.
  size_t max_file_bytes = 10 * 1024 * 1024;  ///< The file is rotated to FILE.1, FILE.2 … beyond it.
  size_t keep_files = 5;                     ///< Rotated files kept beside the current one.
};

/// A handle on shared sinks plus the fields every line of it carries. Cheap to copy; thread-safe.
/// A default-made Logger drops everything, so that tests need none.
class Logger {
 public:
  Logger() = default;

  /// \return kInvalidConfig: the log file cannot be opened; the hint names the folder.
  static Result<Logger> Make(const Options& options);

  /// A logger with one more field. `table` shows as its bare value, everything else as `key=value`.
  Logger With(std::string_view key, std::string_view value) const;
  Logger With(std::string_view key, int64_t value) const { return With(key, fmt::to_string(value)); }

  bool Enabled(Level level) const;

  template <typename... Args>
  void Debug(fmt::format_string<Args...> format, Args&&... args) const {
    Format(Level::kDebug, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void Info(fmt::format_string<Args...> format, Args&&... args) const {
    Format(Level::kInfo, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void Warn(fmt::format_string<Args...> format, Args&&... args) const {
    Format(Level::kWarn, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void Error(fmt::format_string<Args...> format, Args&&... args) const {
    Format(Level::kError, format, fmt::make_format_args(args...));
  }

  /// Writes out what is buffered. Call before fork(), or a child may print it again.
  void Flush() const;

 private:
  struct Sinks;

  void Format(Level level, fmt::string_view format, fmt::format_args args) const;

  std::shared_ptr<Sinks> sinks_;
  std::string fields_;  ///< Ready to print: "[faculty run=17] " or empty.
};

}  // namespace cdc::log
