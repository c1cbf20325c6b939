#include "orchestrator/request.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "orchestrator/table_state.h"

namespace cdc::orchestrator {
namespace {

Error Bad(std::string message, std::string hint) {
  return {ErrorKind::kInvalidConfig, std::move(message), std::move(hint)};
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// \param plus a plus sign stands for a space, as in queries
std::optional<std::string> Decode(std::string_view text, bool plus) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string_view TakeUntil(std::string_view* rest, char end) {
  const size_t at = rest->find(end);
  const std::string_view part = rest->substr(0, at);
  rest->remove_prefix(at == std::string_view::npos ? rest->size() : at + 1);
  return part;
}

Status ParseWhole(const std::string& name, const std::string& text, int64_t low, int64_t high, int64_t* out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && *out >= low && *out <= high)
    return {};
  return Bad(fmt::format("{} is not a whole number from {} to {}", name, low, high), "");
}

}  // namespace

Result<Target> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) return Bad("the target is no path", "");
  Target parsed;
  std::string_view rest = target.substr(1);
  std::string_view path = TakeUntil(&rest, '?');
  // "/a/" has two segments, the second one empty; "/" has one.
  for (bool more = true; more;) {
    more = path.find('/') != std::string_view::npos;
    auto segment = Decode(TakeUntil(&path, '/'), false);
    if (!segment) return Bad("the path has a bad % escape", "");
    parsed.path.push_back(std::move(*segment));
  }
  while (!rest.empty()) {
    std::string_view pair = TakeUntil(&rest, '&');
    auto name = Decode(TakeUntil(&pair, '='), true);
    auto value = Decode(pair, true);
    if (!name || !value) return Bad("the query has a bad % escape", "");
    if (!name->empty()) parsed.query[*name] = std::move(*value);
  }
  return parsed;
}

bool Matches(std::string_view pattern, const std::vector<std::string>& path) {
  std::string_view rest = pattern.substr(1);
  for (size_t i = 0; i < path.size(); ++i) {
    const bool last = rest.find('/') == std::string_view::npos;
    const std::string_view segment = TakeUntil(&rest, '/');
    if (segment == "*" ? path[i].empty() : segment != path[i]) return false;
    if (last) return i + 1 == path.size();
  }
  return false;
}

Result<Selection> ParseSelection(const std::map<std::string, std::string>& query) {
  Selection selection;
  for (const auto& [name, value] : query) {
    if (name == "limit") {
      CDC_TRY(ParseWhole(name, value, 0, kLargestLimit, &selection.limit));
    } else if (name == "offset") {
      CDC_TRY(ParseWhole(name, value, 0, 1'000'000'000, &selection.offset));
    } else if (name == "state") {
      if (!value.empty() && !ParsePhase(value))
        return Bad(fmt::format("state: there is no \"{}\"", value),
                   "Idle, Pending, Starting, Running, Stopping, Backoff, Held or Paused");
      selection.state = value;
    } else if (name == "filter") {
      selection.filter = value;
    } else if (name == "sort") {
      if (value != "name" && value != "need") return Bad("sort is \"name\" or \"need\"", "");
      selection.by_need = value == "need";
    } else {
      return Bad(fmt::format("there is no parameter \"{}\"", name), "limit, offset, state, filter, sort");
    }
  }
  return selection;
}

}  // namespace cdc::orchestrator
