#pragma once

/// \file lib/event/placeholder.h
/// Debezium's marks for a TOASTed value that an update did not touch, in every form in which JSON carries
/// them.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/event/json_cursor.h"

namespace cdc::event {

/// Recognises the mark in the JSON as it stands, before a value is decoded and whatever it is to become. The
/// connector makes it from the bytes of `unavailable.value.placeholder` by the type of the column: their
/// text; the text as an hstore; base64 or hex of the bytes; their name-based UUID; an array with one of
/// these; an array with one number for each byte. All forms are made once. Immutable.
class Placeholder {
 public:
  /// \param configured as the connector has it: a text, or "hex:" and the bytes
  explicit Placeholder(std::string_view configured = "__debezium_unavailable_value");

  bool IsString(const JsonString& string) const {
    if (string.has_escapes) return IsEscapedString(string.raw);
    return (sizes_ >> (string.raw.size() & 63) & 1) != 0 && IsPlainString(string.raw);
  }

  /// The array or object at the cursor. \param scale of decimals that come as bytes
  /// \return true: the mark, and the cursor is behind it; false: the cursor is anywhere
  bool IsNested(JsonCursor& cursor, int scale) const;

  /// A whole value. \param json without space around it
  bool IsValue(std::string_view json) const;

  const std::string& text() const { return forms_.front(); }

 private:
  bool IsPlainString(std::string_view raw) const;
  bool IsEscapedString(std::string_view raw) const;
  bool IsText(JsonCursor& cursor) const;
  bool IsByte(JsonCursor& cursor, int byte, int scale) const;
  void AddForm(std::string form);

  std::string bytes_;
  std::vector<std::string> forms_;  // of a string without its escapes; the text itself comes first
  uint64_t sizes_ = 0;              // bit n: a form has n bytes, modulo 64
  std::array<bool, 256> firsts_{};  // by the first byte of a form
  // A few bytes are a number or a word of their own too easily: only what the connector sends of them counts.
  bool long_;
};

}  // namespace cdc::event
