#include "lib/event/value_failure.h"

#include "lib/event/temporal.h"

namespace cdc::event {
namespace {

constexpr size_t kShown = 64;  // bytes

std::string Quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "…" : "") + "'";
}

}  // namespace

bool ValueFailure::OfType(std::string_view text, const rows::Type& type) {
  text_ = Quoted(text) + " is not a " + rows::ToString(type) + " as this column is sent";
  return false;
}

bool ValueFailure::OfType(int64_t number, const rows::Type& type) {
  return OfType(std::to_string(number), type);
}

bool ValueFailure::OfRange(std::string_view text, const rows::Type& type) {
  text_ = Quoted(text) + " is infinity, or out of PostgreSQL's range of a " + rows::ToString(type);
  return false;
}

bool ValueFailure::OfRange(int64_t number, const rows::Type& type) {
  return OfRange(std::to_string(number), type);
}

bool ValueFailure::OfTime(std::string_view text, const rows::Type& type) {
  return IsBeyondPg(text, type.kind == rows::TypeKind::kDate) ? OfRange(text, type) : OfType(text, type);
}

bool ValueFailure::OfDimensions() {
  text_ =
      "an array of several dimensions, or one of nulls alone: Debezium sends neither the dimensions nor the "
      "elements of such an array";
  return false;
}

bool ValueFailure::OfSyntax(const JsonCursor& cursor) {
  text_ = "malformed JSON at byte " + std::to_string(cursor.offset());
  return false;
}

}  // namespace cdc::event
