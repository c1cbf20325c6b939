#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

namespace cdc::cli {

bool UseColour(std::string_view wish) {
  if (wish == "always") return true;
  const char* none = std::getenv("NO_COLOR");
  return wish == "auto" && (none == nullptr || *none == '\0') && ::isatty(STDOUT_FILENO) == 1;
}

std::string Coloured(const std::string& text, Colour colour, bool use) {
  constexpr const char* kCodes[] = {"", "31", "33", "32", "2"};  // ECMA-48, SGR
  if (!use || colour == Colour::kNone) return text;
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(colour)], text);
}

Colour ColourOf(std::string_view state) {
  if (state == "Held") return Colour::kRed;
  if (state == "Backoff") return Colour::kYellow;
  if (state == "Running") return Colour::kGreen;
  if (state == "Paused" || state == "Elsewhere") return Colour::kDim;
  return Colour::kNone;
}

void AddColour(CLI::App* sub, std::string* wish) {
  *wish = "auto";
  sub->add_option("--color", *wish, "colour: auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

}  // namespace cdc::cli
