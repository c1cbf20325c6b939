#include "cli/row_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <future>

#include <fmt/core.h>

namespace cdc::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kOnTerminal(200), kElsewhere(5'000);

double Part(const verify::Progress& progress) {
  const auto total = static_cast<double>(progress.total.load());
  return total <= 0 ? 0 : std::min(1.0, static_cast<double>(progress.done.load()) / total);
}

}  // namespace

std::string ProgressText(const std::string& table, const std::string& what, double of_source,
                         double of_target, double seconds) {
  std::string text = fmt::format("{}: {}, source {:.0f} %, table {:.0f} %", table, what,
                                 std::floor(of_source * 100), std::floor(of_target * 100));
  const double done = std::min(of_source, of_target);
  if (done > 0 && done < 1)
    text += fmt::format(", about {:.0f} s left", std::ceil(seconds * (1 - done) / done));
  return text;
}

RowProgress::RowProgress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void RowProgress::Both(const std::string& table, const std::string& what, verify::Progress* source,
                       verify::Progress* target, const std::function<void()>& of_source,
                       const std::function<void()>& of_target) {
  const auto begun = SteadyClock::now();
  auto first = std::async(std::launch::async, of_source);
  auto second = std::async(std::launch::async, of_target);
  bool printed = false;
  for (auto* side : {&first, &second}) {
    while (side->wait_for(terminal_ ? kOnTerminal : kElsewhere) != std::future_status::ready) {
      const double seconds = Seconds(SteadyClock::now() - begun).count();
      const std::string text = ProgressText(table, what, Part(*source), Part(*target), seconds);
      fmt::print(stderr, fmt::runtime(terminal_ ? "\r\033[K{}" : "{}\n"), text);
      std::fflush(stderr);
      printed = true;
    }
  }
  if (terminal_ && printed) fmt::print(stderr, "\r\033[K");
}

}  // namespace cdc::cli
