#include "lib/config/units.h"

#include <charconv>
#include <span>

#include <fmt/format.h>

namespace cdc::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"B", 1},           {"KB", 1LL << 10},  {"MB", 1LL << 20},
                           {"GB", 1LL << 30},  {"TB", 1LL << 40},  {"KiB", 1LL << 10},
                           {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}};

std::optional<int64_t> ParseUnits(std::string_view text, std::span<const Unit> units) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const Unit& unit : units) {
    int64_t result = 0;
    if (rest == unit.name && !__builtin_mul_overflow(number, unit.factor, &result)) return result;
  }
  return std::nullopt;
}

std::string FormatUnits(int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

std::optional<Millis> ParseDuration(std::string_view text) {
  auto value = ParseUnits(text, kTimes);
  return value ? std::optional(Millis(*value)) : std::nullopt;
}
std::string FormatDuration(Millis duration) { return FormatUnits(duration.count(), kTimes); }
std::optional<int64_t> ParseSize(std::string_view text) { return ParseUnits(text, kSizes); }
std::string FormatSize(int64_t bytes) { return FormatUnits(bytes, std::span(kSizes).first(5)); }

}  // namespace cdc::config
