#pragma once

/// \file lib/event/value_failure.h
/// Why a value is not what its column says.

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/event/json_cursor.h"
#include "lib/rows/type.h"

namespace cdc::event {

/// The newest failure's text. Out of the way of what succeeds: a text that is made on the stack costs its
/// function a stack guard. Each returns false, as its caller does.
class ValueFailure {
 public:
  [[gnu::cold]] bool OfType(std::string_view text, const rows::Type& type);
  [[gnu::cold]] bool OfType(int64_t number, const rows::Type& type);
  [[gnu::cold]] bool OfRange(std::string_view text, const rows::Type& type);
  [[gnu::cold]] bool OfRange(int64_t number, const rows::Type& type);
  /// Of a date or timestamp that could not be read: what PostgreSQL cannot hold is out of range.
  [[gnu::cold]] bool OfTime(std::string_view text, const rows::Type& type);
  [[gnu::cold]] bool OfDimensions();
  [[gnu::cold]] bool OfSyntax(const JsonCursor& cursor);

  void Clear() { text_.clear(); }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace cdc::event
