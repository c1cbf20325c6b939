#include <algorithm>
#include <optional>

#include "lib/event/big_decimal.h"
#include "lib/event/value_decoder.h"

namespace cdc::event {
namespace {

/// Whether a list's element is what Java prints of an inner array, "[Ljava.lang.String;@49f5e3a8": a
/// connector that meets an array of several dimensions sends that in place of the inner arrays.
bool IsJavaArray(std::string_view text) {
  if (text.size() < 4 || text.front() != '[') return false;
  text.remove_prefix(std::min(text.find_first_not_of('['), text.size()));
  if (text.empty()) return false;
  if (text.front() == 'L') {
    const size_t end = text.find(';');
    if (end == text.npos) return false;
    text.remove_prefix(end + 1);
  } else if (std::string_view("BCDFIJSZ").find(text.front()) != std::string_view::npos) {
    text.remove_prefix(1);
  } else {
    return false;
  }
  return text.size() > 1 && text.front() == '@' &&
         text.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
}

/// The same among the elements of an array as it stands in the JSON.
bool HasJavaArray(std::string_view raw) {
  if (raw.find("\"[") == raw.npos) return false;
  JsonCursor cursor(raw);
  if (!cursor.Consume('[')) return false;
  do {
    std::string_view element;
    if (!cursor.SkipValue(&element)) return false;
    if (element.size() > 2 && element.front() == '"' && IsJavaArray(element.substr(1, element.size() - 2)))
      return true;
  } while (cursor.Consume(','));
  return false;
}

/// Elements whose inner arrays come as null, where others come as Java's name of them.
bool ComesAsNull(Wire element) { return element != Wire::kText && element != Wire::kUuid; }

/// What a date or a time is kept as; nothing for other values.
std::optional<rows::TypeKind> TemporalKind(Wire wire) {
  switch (wire) {
    case Wire::kDays:
    case Wire::kIsoDate: return rows::TypeKind::kDate;
    case Wire::kEpochMillis:
    case Wire::kEpochMicros:
    case Wire::kEpochNanos:
    case Wire::kIsoTimestamp: return rows::TypeKind::kTimestamp;
    case Wire::kIsoInstant: return rows::TypeKind::kTimestamptz;
    default: return std::nullopt;
  }
}

/// Whether all that a list has is two nulls or more.
bool IsAllNull(const rows::Column& list, uint32_t row) {
  if (list.list_end(row) - list.list_begin(row) < 2) return false;
  for (uint32_t i = list.list_begin(row); i < list.list_end(row); ++i) {
    if (list.element().has_value(i)) return false;
  }
  return true;
}

}  // namespace

/// The mark of an unchanged value where an array or object comes. \return false: it is another, and nothing
/// is read
bool ValueDecoder::TakeMark(JsonCursor& cursor, int scale, rows::Column* out) {
  JsonCursor behind = cursor;
  if (!placeholder_->IsNested(behind, scale)) return false;
  cursor = behind;
  out->AppendUnavailable();
  return true;
}

bool ValueDecoder::DecodeObject(JsonCursor& cursor, Wire wire, int scale, rows::Column* out) {
  if (TakeMark(cursor, scale, out)) return true;
  std::string_view raw;
  if (!cursor.SkipValue(&raw)) return false;
  const rows::Type& type = out->type();
  if (type.kind == rows::TypeKind::kString) {
    if (raw.front() == '{' && VariableDecimalText(raw, &scratch_)) {
      out->AppendBytes(scratch_);
      return true;
    }
    if (raw.front() == '[' && HasJavaArray(raw)) return failure_.OfDimensions();
    // PostgreSQL's text never comes as an object: the column was declared text to take the JSON as it is.
    if (!IsUtf8(raw)) return failure_.OfType(raw, type);
    out->AppendBytes(raw);
    return true;
  }
  if (type.kind == rows::TypeKind::kDecimal && wire == Wire::kVariableDecimal &&
      VariableDecimalText(raw, &scratch_)) {
    const auto v = DecimalFromText(scratch_, type.scale);
    if (!v || !DecimalFits(*v, type.precision)) return failure_.OfType(scratch_, type);
    out->AppendDecimal(*v);
    return true;
  }
  return failure_.OfType(raw, type);
}

bool ValueDecoder::DecodeArray(JsonCursor& cursor, const SourceColumn& column, rows::Column* out) {
  const char first = cursor.Peek();
  if (first == 'n') return DecodeWord(cursor, Wire::kArray, out);
  if (first == '"') {
    JsonString string;
    if (!cursor.ReadString(&string)) return false;
    if (!placeholder_->IsString(string)) return failure_.OfType(string.raw, out->type());
    out->AppendUnavailable();
    return true;
  }
  if (TakeMark(cursor, column.scale, out)) return true;
  if (!cursor.Consume('[')) {
    std::string_view raw;
    return cursor.SkipValue(&raw) && failure_.OfType(raw, out->type());
  }
  rows::Column& element = out->BeginList();
  if (!cursor.Consume(']')) {
    do {
      if (cursor.Peek() == '[') return failure_.OfDimensions();
      if (!DecodeScalar(cursor, column.element, column.scale, &element)) return false;
    } while (cursor.Consume(','));
    if (!cursor.Consume(']')) return false;
  }
  out->EndList();
  const uint32_t row = out->size() - 1;
  const bool text = element.type().kind == rows::TypeKind::kString;
  for (uint32_t i = out->list_begin(row); i < out->list_end(row); ++i) {
    if (element.cell(i) == rows::Cell::kUnavailable)
      return failure_.OfType(placeholder_->text(), out->type());
    if (text && element.has_value(i) && IsJavaArray(element.bytes(i))) return failure_.OfDimensions();
  }
  if (ComesAsNull(column.element) && IsAllNull(*out, row)) return failure_.OfDimensions();
  return true;
}

/// An array that is to be kept as the JSON it came as: what is no value in a list is none in a text either.
bool ValueDecoder::DecodeArrayAsText(JsonCursor& cursor, const SourceColumn& column, rows::Column* out) {
  if (cursor.Peek() != '[') return DecodeScalar(cursor, column.wire, column.scale, out);
  if (TakeMark(cursor, column.scale, out)) return true;
  JsonCursor elements = cursor;
  std::string_view raw;
  if (!cursor.SkipValue(&raw)) return false;
  if (HasJavaArray(raw)) return failure_.OfDimensions();
  if (ComesAsNull(column.element)) {
    // A list of anything is read only to see whether it is nulls alone, or holds times beyond PostgreSQL's.
    const auto kind = TemporalKind(column.element);
    rows::Column list(rows::Type::ListOf(rows::Type::Of(kind.value_or(rows::TypeKind::kString))));
    SourceColumn as_list = column;
    if (!kind) as_list.element = Wire::kAnything;
    if (!DecodeArray(elements, as_list, &list)) return false;
  }
  if (!IsUtf8(raw)) return failure_.OfType(raw, out->type());
  out->AppendBytes(raw);
  return true;
}

}  // namespace cdc::event
