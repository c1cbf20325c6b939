#include <charconv>

#include "lib/core/base64.h"
#include "lib/event/big_decimal.h"
#include "lib/event/value_decoder.h"

namespace cdc::event {
namespace {

/// {"scale": n, "value": base64}, the only object that is a number (io.debezium.data.VariableScaleDecimal).
bool ParseVariableDecimal(std::string_view object, std::string* text) {
  JsonCursor cursor(object);
  JsonString key, value;
  std::string_view scale;
  if (!cursor.Consume('{') || !cursor.ReadString(&key) || key.raw != "scale" || !cursor.Consume(':'))
    return false;
  if (!cursor.ReadNumber(&scale) || !cursor.Consume(',') || !cursor.ReadString(&key) || key.raw != "value")
    return false;
  if (!cursor.Consume(':') || !cursor.ReadString(&value) || !cursor.Consume('}') || !cursor.AtEnd())
    return false;
  int n = 0;
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), n);
  if (error != std::errc() || end != scale.data() + scale.size() || n > 20'000 || n < -140'000) return false;
  std::string bytes(Base64DecodedBound(value.raw.size()), '\0');
  size_t size = 0;
  if (!DecodeBase64(value.raw, bytes.data(), &size)) return false;
  *text = BigDecimalText({bytes.data(), size}, n);
  return true;
}

}  // namespace

bool ValueDecoder::DecodeObject(JsonCursor& cursor, Wire wire, rows::Column* out) {
  std::string_view raw;
  if (!cursor.SkipValue(&raw)) return false;
  const rows::Type& type = out->type();
  if (type.kind == rows::TypeKind::kString) {
    if (raw.front() == '{' && ParseVariableDecimal(raw, &scratch_)) {
      out->AppendBytes(scratch_);
      return true;
    }
    if (raw.size() < 256 && raw == "[\"" + placeholder_->text() + "\"]") {
      out->AppendUnavailable();
      return true;
    }
    // PostgreSQL's text never comes as an object: the column was declared text to take the JSON as it is.
    if (!IsUtf8(raw)) return Fail(raw, type);
    out->AppendBytes(raw);
    return true;
  }
  if (type.kind == rows::TypeKind::kDecimal && wire == Wire::kVariableDecimal &&
      ParseVariableDecimal(raw, &scratch_)) {
    const auto v = DecimalFromText(scratch_, type.scale);
    if (!v || !DecimalFits(*v, type.precision)) return Fail(scratch_, type);
    out->AppendDecimal(*v);
    return true;
  }
  return Fail(raw, type);
}

bool ValueDecoder::DecodeArray(JsonCursor& cursor, const SourceColumn& column, rows::Column* out) {
  const char first = cursor.Peek();
  if (first == 'n') return DecodeWord(cursor, Wire::kArray, out);
  if (first == '"') {
    JsonString string;
    if (!cursor.ReadString(&string)) return false;
    if (!placeholder_->IsText(string.raw)) return Fail(string.raw, out->type());
    out->AppendUnavailable();
    return true;
  }
  if (!cursor.Consume('[')) {
    std::string_view raw;
    return cursor.SkipValue(&raw) && Fail(raw, out->type());
  }
  rows::Column& element = out->BeginList();
  if (!cursor.Consume(']')) {
    do {
      if (cursor.Peek() == '[') return Fail("a nested array", out->type());
      if (!DecodeScalar(cursor, column.element, column.scale, &element)) return false;
    } while (cursor.Consume(','));
    if (!cursor.Consume(']')) return false;
  }
  out->EndList();
  const uint32_t row = out->size() - 1;
  if (placeholder_->IsArray(*out, row)) {
    out->Truncate(row);
    out->AppendUnavailable();
    return true;
  }
  for (uint32_t i = out->list_begin(row); i < out->list_end(row); ++i) {
    if (element.cell(i) == rows::Cell::kUnavailable) return Fail(placeholder_->text(), out->type());
  }
  return true;
}

}  // namespace cdc::event
