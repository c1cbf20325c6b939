#pragma once

/// \file lib/iceberg/json_scan_internal.h
/// Finds the members of a JSON text without making a tree of it: of metadata with a thousand snapshots one
/// commit changes one.

#include <cstring>
#include <string_view>

namespace cdc::iceberg {

namespace json_scan {

inline size_t SkipSpace(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
    ++at;
  return at;
}

/// \param at the opening quote \return behind the closing one; npos: there is none
inline size_t SkipString(std::string_view text, size_t at) {
  for (size_t from = at + 1;;) {
    const size_t quote = text.find('"', from);
    if (quote == std::string_view::npos) return quote;
    size_t escapes = 0;
    while (text[quote - escapes - 1] == '\\') ++escapes;
    if (escapes % 2 == 0) return quote + 1;
    from = quote + 1;
  }
}

/// \return behind the value at `at`, which is not looked at more closely than its end takes; npos: it has
/// none
inline size_t SkipValue(std::string_view text, size_t at) {
  if (at >= text.size()) return std::string_view::npos;
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] != '{' && text[at] != '[') {
    const size_t end = text.find_first_of(",]} \n\t\r", at);
    return end == std::string_view::npos ? text.size() : end;
  }
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      if (at == std::string_view::npos) return at;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return std::string_view::npos;
}

}  // namespace json_scan

/// Calls `on_member(key, value)` with views into `object`, the key without its quotes and as it is escaped,
/// until it returns false. \return false: this is no JSON object. True says nothing about what is inside the
/// values.
template <typename OnMember>
bool ScanObject(std::string_view object, OnMember on_member) {
  using namespace json_scan;
  constexpr size_t kNone = std::string_view::npos;
  size_t at = SkipSpace(object, 0);
  if (at >= object.size() || object[at] != '{') return false;
  at = SkipSpace(object, at + 1);
  if (at < object.size() && object[at] == '}') return SkipSpace(object, at + 1) == object.size();
  while (at < object.size() && object[at] == '"') {
    const size_t key_end = SkipString(object, at);
    if (key_end == kNone) return false;
    const std::string_view key = object.substr(at + 1, key_end - at - 2);
    at = SkipSpace(object, key_end);
    if (at >= object.size() || object[at] != ':') return false;
    at = SkipSpace(object, at + 1);
    const size_t end = SkipValue(object, at);
    if (end == kNone || end == at) return false;
    if (!on_member(key, object.substr(at, end - at))) return true;
    at = SkipSpace(object, end);
    if (at >= object.size()) return false;
    if (object[at] == '}') return SkipSpace(object, at + 1) == object.size();
    if (object[at] != ',') return false;
    at = SkipSpace(object, at + 1);
  }
  return false;
}

/// As ScanObject, for the elements of an array: `on_item(value)`.
template <typename OnItem>
bool ScanArray(std::string_view array, OnItem on_item) {
  using namespace json_scan;
  constexpr size_t kNone = std::string_view::npos;
  size_t at = SkipSpace(array, 0);
  if (at >= array.size() || array[at] != '[') return false;
  at = SkipSpace(array, at + 1);
  if (at < array.size() && array[at] == ']') return SkipSpace(array, at + 1) == array.size();
  while (at < array.size()) {
    const size_t end = SkipValue(array, at);
    if (end == kNone || end == at) return false;
    if (!on_item(array.substr(at, end - at))) return true;
    at = SkipSpace(array, end);
    if (at >= array.size()) return false;
    if (array[at] == ']') return SkipSpace(array, at + 1) == array.size();
    if (array[at] != ',') return false;
    at = SkipSpace(array, at + 1);
  }
  return false;
}

}  // namespace cdc::iceberg
