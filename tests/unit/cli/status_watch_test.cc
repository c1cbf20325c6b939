#include "cli/status_watch.h"

#include <sstream>

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {
namespace {

contract::Overview Look(int64_t changes, int64_t lag) {
  contract::Overview look{
      .pid = 7, .uptime_ms = 60'000, .workers = 1, .max_jobs = 16, .kafka = "ok", .source = "ok"};
  contract::TableRecord idle{.table = "idle"}, busy{.table = "busy", .state = "Running"},
      held{.table = "held", .state = "Held"};
  busy.lag = lag;
  busy.changes = changes;
  busy.live_rows = 12'345'678;
  idle.lag = 0;
  look.tables = {idle, busy, held};
  return look;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("a look shows rates and times to go, those that need somebody first, in 80 columns") {
  const auto lines = Lines(WatchText(Look(1'000, 50'000), Look(21'000, 30'000), Millis(2'000), 10, 0, false));
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].find("10 k changes/s") != std::string::npos);
  CHECK(lines[2].starts_with("held "));
  CHECK(lines[3].starts_with("busy "));
  CHECK(lines[3].find(" 30 k ") != std::string::npos);
  CHECK(lines[3].find(" 12.3 M ") != std::string::npos);
  CHECK(lines[3].find(" 10 k ") != std::string::npos);
  CHECK(lines[3].find(" 3 s ") != std::string::npos);  // 30,000 at 10,000 a second
  CHECK(lines[4].starts_with("idle "));
  for (const std::string& line : lines) CHECK(line.size() <= 86);  // bytes: · and … have more than one
}

TEST_CASE("the first look knows no rates; tables beyond the screen are counted") {
  const auto lines = Lines(WatchText({}, Look(21'000, 30'000), Millis(1), 1, 0, false));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].find(" 0 changes/s") != std::string::npos);
  CHECK(lines[3] == "… and 2 more: `cdc status` shows all");
}

TEST_CASE("names do not move the cursor, and states have colours only where they are wanted") {
  contract::Overview look = Look(0, 0);
  look.tables[1].table = "bu\x1b[2Jsy";
  CHECK(WatchText({}, look, Millis(1), 10, 0, false).find('\x1b') == std::string::npos);
  CHECK(WatchText({}, Look(0, 0), Millis(1), 10, 0, true).find("\x1b[31mHeld     \x1b[0m") !=
        std::string::npos);
}

}  // namespace
}  // namespace cdc::cli
