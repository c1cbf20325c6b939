#include "lib/config/document_limits.h"

#include <fmt/format.h>

namespace cdc::config {
namespace {

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ' ' ||
         c == '\t';
}

/// \return where the text that begins with a quote at `at` ends, one past its last quote, whatever its form
size_t EndOfText(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool long_form = text.substr(at, 3) == std::string(3, quote);
  const std::string end(long_form ? 3 : 1, quote);
  for (size_t i = at + end.size(); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (!long_form && text[i] == '\n') {
      return i;  // not closed: the parser says so
    } else if (text.substr(i, end.size()) == end) {
      return i + end.size();
    }
  }
  return text.size();
}

}  // namespace

std::optional<Problem> FindExcess(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return Problem{0, "", fmt::format("the file has {} bytes, and at most {} are read", text.size(), kMaxDocumentBytes)};
  }
  int line = 1, parts = 1;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      while (at < text.size() && text[at] != '\n') ++at;
      continue;
    }
    if (c == '"' || c == '\'') {
      const size_t end = EndOfText(text, at);
      for (; at < end; ++at) line += text[at] == '\n';
      continue;
    }
    if (c == '.') {
      ++parts;
    } else if (!IsKeyCharacter(c)) {
      parts = 1;
    }
    if (parts > kMaxKeyParts)
      return Problem{line, "", fmt::format("a key of more than {} parts (a.b.c…) is none of ours", kMaxKeyParts)};
    line += c == '\n';
    ++at;
  }
  return std::nullopt;
}

}  // namespace cdc::config
