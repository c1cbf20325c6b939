#pragma once

/// \file cli/terminal.h
/// Colour, where a person looks at it.

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace cdc::cli {

enum class Colour { kNone, kRed, kYellow, kGreen, kDim };

/// \param wish "auto": on a terminal, unless NO_COLOR is set (https://no-color.org); "always"; "never"
bool UseColour(std::string_view wish);

/// `text` with the terminal's codes around it, or as it is. Widths are counted before: it gets longer.
std::string Coloured(const std::string& text, Colour colour, bool use);

/// By how much it needs somebody: Held red, Backoff yellow, Running green.
Colour ColourOf(std::string_view state);

/// Adds --color auto|always|never.
void AddColour(CLI::App* sub, std::string* wish);

}  // namespace cdc::cli
