#include <fmt/format.h>

#include "lib/config/setting_internal.h"
#include "lib/config/units.h"

namespace cdc::config {
namespace {

bool IsHttp(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

}  // namespace

std::string WithoutLastSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void ReadUrl(NodeReader& r, std::string_view key, std::string* out) {
  r.String(key, out, true);
  if (!out->empty() && !IsHttp(*out)) {
    // Before an @ may stand a password.
    const size_t at = out->rfind('@');
    const std::string shown = at == std::string::npos ? *out : "…" + out->substr(at);
    r.Fail(key, fmt::format("\"{}\" is not allowed: write http://host:port or https://host", shown));
  }
  *out = WithoutLastSlash(std::move(*out));
}

void ReadFile(NodeReader& r, std::string_view key, std::string* out) {
  r.String(key, out, true);
  if (!out->empty()) *out = (r.document().folder / *out).lexically_normal().string();
}

std::string QuotedText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string ListText(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + QuotedText(word);
  return "[" + text + "]";
}

std::string DurationText(Millis duration) { return FormatDuration(duration); }
std::string SizeText(int64_t bytes) { return FormatSize(bytes); }

}  // namespace cdc::config
