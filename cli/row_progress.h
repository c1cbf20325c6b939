#pragma once

/// \file cli/row_progress.h
/// How far reading both sides has come, on stderr: one line that changes on a terminal, a line now and then
/// elsewhere.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lib/verify/side.h"

namespace cdc::cli {

/// "faculty: comparing, source 40 %, table 55 %, about 12 s left". Pure.
/// \param seconds since it began; what is left is guessed from the slower side
std::string ProgressText(const std::string& table, const std::string& what, double of_source,
                         double of_target, double seconds);

/// Not thread-safe.
class RowProgress {
 public:
  RowProgress();
  RowProgress(const RowProgress&) = delete;
  RowProgress& operator=(const RowProgress&) = delete;

  /// Runs both on threads of their own, and returns when both are done.
  void Both(const std::string& table, const std::string& what, verify::Progress* source,
            verify::Progress* target, const std::function<void()>& of_source,
            const std::function<void()>& of_target);

 private:
  bool terminal_;
};

}  // namespace cdc::cli
