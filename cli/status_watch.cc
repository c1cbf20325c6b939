#include "cli/status_watch.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/overview_reading.h"
#include "cli/terminal.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using contract::TableRecord;

/// Of lines: header, heading, the count of the others, what is wrong.
constexpr size_t kOtherLines = 6;

/// Small: needs somebody more.
int Rank(const TableRecord& t) {
  if (t.state == "Held") return 0;
  if (t.state == "Backoff" || !t.waiting_for.empty()) return 1;
  if (t.letters_in_a_row > 0) return 2;
  if (t.lag.value_or(0) > 0) return 3;
  return t.state == "Idle" ? 5 : 4;
}

/// "12 k", "3.4 M"
std::string Short(int64_t n) {
  if (n < 10'000) return std::to_string(n);
  if (n < 1'000'000) return fmt::format("{} k", n / 1000);
  return fmt::format("{:.1f} M", static_cast<double>(n) / 1e6);
}

std::string Line(const TableRecord& t, const TableRecord* before, Millis passed, int64_t now_ms, size_t width,
                 bool colour) {
  const double seconds = std::max<double>(0.001, static_cast<double>(passed.count()) / 1000);
  const bool known = before != nullptr && t.changes >= before->changes;
  const auto rate =
      known ? static_cast<int64_t>(static_cast<double>(t.changes - before->changes) / seconds) : 0;
  const auto behind = contract::LagSeconds(t.lag, t.current_ms, now_ms);
  std::string eta = "-";
  if (t.lag.value_or(0) > 0 && rate > 0) eta = SpanText(*t.lag * 1000 / rate);
  std::string name = Printable(t.table);
  if (name.size() > width) name = name.substr(0, width - 3) + "...";
  return fmt::format("{:<{}}  {}  {:>7}  {:>7}  {:>8}  {:>7}  {:>7}  {:>5}\n", name, width,
                     Coloured(fmt::format("{:<9}", t.state), ColourOf(t.state), colour),
                     t.lag ? Short(*t.lag) : "?", behind ? SpanText(*behind * 1000) : "?",
                     t.live_rows ? Short(*t.live_rows) : "?", known ? Short(rate) : "-", eta,
                     Short(t.dead_letters));
}

size_t TerminalLines() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 10 ? size.ws_row : 24;
}

}  // namespace

std::string WatchText(const contract::Overview& before, const contract::Overview& now, Millis passed,
                      size_t most, int64_t now_ms, bool colour) {
  std::map<std::string_view, const TableRecord*> earlier;
  for (const TableRecord& t : before.tables) earlier[t.table] = &t;
  std::vector<const TableRecord*> tables;
  int64_t held = 0, changes = 0, changes_before = 0;
  size_t width = 5;
  for (const TableRecord& t : now.tables) {
    tables.push_back(&t);
    held += t.state == "Held";
    const auto same = earlier.find(t.table);
    changes += t.changes;
    changes_before += same == earlier.end() ? t.changes : same->second->changes;
    width = std::clamp(Printable(t.table).size(), width, size_t{20});
  }
  std::sort(tables.begin(), tables.end(), [](const auto* a, const auto* b) {
    const int first = Rank(*a), second = Rank(*b);
    return first != second ? first < second : a->table < b->table;
  });
  const int64_t rate =
      std::max<int64_t>(0, changes - changes_before) * 1000 / std::max<int64_t>(1, passed.count());
  std::string text =
      now.pid == 0 ? "orchestrator is not running\n"
                   : fmt::format("up {} · Kafka {} · source {} · {}/{} workers · {} held · {} changes/s\n",
                                 SpanText(now.uptime_ms), now.kafka, now.source, now.workers, now.max_jobs,
                                 held, Short(rate));
  text += fmt::format("{:<{}}  {:<9}  {:>7}  {:>7}  {:>8}  {:>7}  {:>7}  {:>5}\n", "TABLE", width, "STATE",
                      "LAG", "BEHIND", "ROWS", "RATE", "ETA", "DLQ");
  for (size_t i = 0; i < std::min(most, tables.size()); ++i) {
    const auto same = earlier.find(tables[i]->table);
    text += Line(*tables[i], same == earlier.end() ? nullptr : same->second, passed, now_ms, width, colour);
  }
  if (tables.size() > most)
    text += fmt::format("… and {} more: `cdc status` shows all\n", tables.size() - most);
  if (!now.verdict.reasons.empty()) {
    const contract::Reason& first = now.verdict.reasons.front();
    const std::string whose = first.table.empty() ? "" : Printable(first.table) + ": ";
    text += Coloured(whose + Printable(first.text), Colour::kYellow, colour) + "\n";
  }
  return text;
}

Result<int> Watch(const config::Config& config, Millis interval, bool colour) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  contract::Overview before;
  for (auto last = std::chrono::steady_clock::now();;) {
    CDC_ASSIGN(contract::Overview now, ReadOverview(config));
    const auto at = std::chrono::steady_clock::now();
    const auto passed = std::chrono::duration_cast<Millis>(at - std::exchange(last, at));
    const size_t lines = terminal ? TerminalLines() : SIZE_MAX;
    const std::string text =
        WatchText(before, now, passed, lines > kOtherLines ? lines - kOtherLines : 1, NowMs(), colour);
    fmt::print("{}{}", terminal ? "\x1b[H\x1b[2J" : "", text);  // ECMA-48: to the corner, erase all
    if (std::fflush(stdout) != 0) return kOk;                   // nobody reads any more
    before = std::move(now);
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace cdc::cli
