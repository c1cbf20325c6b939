#include "lib/event/value_decoder.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "lib/core/base64.h"
#include "lib/event/big_decimal.h"
#include "lib/event/temporal.h"

namespace cdc::event {
namespace {

using rows::TypeKind;

bool ParseInteger(std::string_view text, int64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename T>
bool ParseFloating(std::string_view text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (end != text.data() + text.size()) return false;
  if (error == std::errc()) return true;
  if (error != std::errc::result_out_of_range) return false;
  // Below the smallest subnormal rounds to zero; above the largest is no value of this type.
  double wide = 0;
  if constexpr (std::is_same_v<T, float>) {
    const auto [e, again] = std::from_chars(text.data(), text.data() + text.size(), wide);
    if (again == std::errc() && std::abs(wide) < 1) {
      *out = static_cast<float>(wide);
      return true;
    }
  }
  return false;
}

bool NamedFloat(std::string_view text, double* out) {
  if (text == "NaN")
    *out = std::numeric_limits<double>::quiet_NaN();
  else if (text == "Infinity")
    *out = std::numeric_limits<double>::infinity();
  else if (text == "-Infinity")
    *out = -std::numeric_limits<double>::infinity();
  else
    return false;
  return true;
}

bool ParseUuid(std::string_view text, char (&out)[16]) {
  if (text.size() != 36) return false;
  size_t n = 0;
  for (size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return false;
      continue;
    }
    uint8_t byte;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc() || end != text.data() + i + 2) return false;
    out[n++] = static_cast<char>(byte);
    i += 2;
  }
  return n == 16;
}

bool DecodeHex(std::string_view hex, std::string* out) {
  if (hex.size() % 2 != 0) return false;
  out->clear();
  for (size_t i = 0; i < hex.size(); i += 2) {
    uint8_t byte;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc() || end != hex.data() + i + 2) return false;
    out->push_back(static_cast<char>(byte));
  }
  return true;
}

/// Types whose values are kept as an integer.
bool IsCounted(TypeKind kind) {
  return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kDate ||
         kind == TypeKind::kTime || kind == TypeKind::kTimestamp;
}

bool Multiply(int64_t v, int64_t by, int64_t* out) { return !__builtin_mul_overflow(v, by, out); }

}  // namespace

bool ValueDecoder::Decode(JsonCursor& cursor, const SourceColumn& column, rows::Column* out) {
  failure_.Clear();
  const bool ok = column.wire != Wire::kArray           ? DecodeScalar(cursor, column.wire, column.scale, out)
                  : out->type().kind == TypeKind::kList ? DecodeArray(cursor, column, out)
                                                        : DecodeArrayAsText(cursor, column, out);
  return ok || (failure_.empty() && failure_.OfSyntax(cursor));
}

bool ValueDecoder::DecodeScalar(JsonCursor& cursor, Wire wire, int scale, rows::Column* out) {
  const char first = cursor.Peek();
  if (first == '"') return DecodeString(cursor, wire, scale, out);
  if (first == '-' || (first >= '0' && first <= '9')) return DecodeNumber(cursor, wire, out);
  if (first == '{' || first == '[') return DecodeObject(cursor, wire, scale, out);
  return DecodeWord(cursor, wire, out);
}

bool ValueDecoder::DecodeWord(JsonCursor& cursor, Wire wire, rows::Column* out) {
  std::string_view word;
  if (!cursor.ReadWord(&word)) return false;
  if (word == "null") {
    out->AppendNull();
    return true;
  }
  if (out->type().kind == TypeKind::kBoolean) {
    out->AppendBoolean(word == "true");
    return true;
  }
  if (wire == Wire::kText || out->type().kind != TypeKind::kString) return failure_.OfType(word, out->type());
  out->AppendBytes(word);
  return true;
}

bool ValueDecoder::DecodeNumber(JsonCursor& cursor, Wire wire, rows::Column* out) {
  std::string_view text;
  const rows::Type& type = out->type();
  int64_t integer;
  if (IsCounted(type.kind) && cursor.ReadShortInteger(&integer))
    return AppendInteger(integer, wire, out) || (failure_.empty() && failure_.OfType(integer, type));
  if (!cursor.ReadNumber(&text)) return false;
  switch (type.kind) {
    case TypeKind::kFloat: {
      float v;
      if (wire != Wire::kFloat || !ParseFloating(text, &v)) return failure_.OfType(text, type);
      out->AppendFloat(v);
      return true;
    }
    case TypeKind::kDouble: {
      double v;
      if (wire != Wire::kFloat) return failure_.OfType(text, type);
      if (!ParseFloating(text, &v)) return failure_.OfType(text, type);
      out->AppendDouble(v);
      return true;
    }
    case TypeKind::kDecimal: {
      if (wire != Wire::kDecimalNumber && wire != Wire::kInteger) return failure_.OfType(text, type);
      const auto v = DecimalFromText(text, type.scale);
      if (!v || !DecimalFits(*v, type.precision)) return failure_.OfType(text, type);
      out->AppendDecimal(*v);
      return true;
    }
    case TypeKind::kString:
      // A number where text was declared is another encoding, not ours to print, unless its text was asked
      // for.
      if (wire == Wire::kText) return failure_.OfType(text, type);
      out->AppendBytes(text);
      return true;
    default: {
      int64_t v;
      return (ParseInteger(text, &v) && AppendInteger(v, wire, out)) ||
             (failure_.empty() && failure_.OfType(text, type));
    }
  }
}

/// \return false: it is not a value of the column's type.
bool ValueDecoder::AppendInteger(int64_t v, Wire wire, rows::Column* out) {
  const rows::Type& type = out->type();
  int64_t micros = v;
  switch (wire) {
    case Wire::kInteger:
      if (type.kind == TypeKind::kLong) {
        out->AppendLong(v);
        return true;
      }
      if (type.kind != TypeKind::kInt || v != static_cast<int32_t>(v)) return false;
      out->AppendInt(static_cast<int32_t>(v));
      return true;
    case Wire::kDays:
      if (type.kind != TypeKind::kDate) return false;
      if (!IsPgDate(v)) return failure_.OfRange(v, type);
      out->AppendInt(static_cast<int32_t>(v));
      return true;
    case Wire::kMillisOfDay:
    case Wire::kEpochMillis:
      if (!Multiply(v, 1000, &micros)) return failure_.OfRange(v, type);
      break;
    case Wire::kNanosOfDay:
    case Wire::kEpochNanos:
      // PostgreSQL counts microseconds: another count of nanoseconds has run over 64 bits.
      if (v % 1000 != 0) return failure_.OfRange(v, type);
      micros = v / 1000;
      break;
    case Wire::kMicrosOfDay:
    case Wire::kEpochMicros: break;
    default: return false;
  }
  const bool of_day = wire == Wire::kMillisOfDay || wire == Wire::kMicrosOfDay || wire == Wire::kNanosOfDay;
  if (type.kind != (of_day ? TypeKind::kTime : TypeKind::kTimestamp)) return false;
  if (of_day && (micros < 0 || micros >= 86'400'000'000)) return false;
  if (!of_day && !IsPgTimestamp(micros)) return failure_.OfRange(v, type);
  out->AppendLong(micros);
  return true;
}

bool ValueDecoder::DecodeString(JsonCursor& cursor, Wire wire, int scale, rows::Column* out) {
  JsonString string;
  if (!cursor.ReadString(&string)) return false;
  const rows::Type& type = out->type();
  if (placeholder_->IsString(string)) {
    out->AppendUnavailable();
    return true;
  }
  if (type.kind == TypeKind::kString && wire != Wire::kDecimalBytes)
    return (wire < Wire::kIsoDate || CheckInText(string.raw, wire)) && AppendText(string, out);
  if (wire == Wire::kDecimalBytes) return AppendDecimalBytes(string, scale, out);
  if (type.kind == TypeKind::kBinary) return AppendBinary(string, wire, out);
  scratch_.clear();
  if (!AppendUnescaped(string, &scratch_)) return failure_.OfType(string.raw, type);
  if (type.kind == TypeKind::kUuid) return AppendUuid(scratch_, out);
  if (type.kind == TypeKind::kDecimal && wire == Wire::kDecimalText) {
    const auto v = DecimalFromText(scratch_, type.scale);
    if (!v || !DecimalFits(*v, type.precision)) return failure_.OfType(scratch_, type);
    out->AppendDecimal(*v);
    return true;
  }
  double named;
  if (wire == Wire::kFloat && NamedFloat(scratch_, &named)) {
    if (type.kind == TypeKind::kFloat)
      out->AppendFloat(static_cast<float>(named));
    else
      out->AppendDouble(named);
    return true;
  }
  return AppendTemporal(scratch_, wire, out);
}

bool ValueDecoder::AppendUuid(std::string_view text, rows::Column* out) {
  char uuid[16];
  if (!ParseUuid(text, uuid)) return failure_.OfType(text, out->type());
  out->AppendUuid(uuid);
  return true;
}

bool ValueDecoder::AppendText(const JsonString& string, rows::Column* out) {
  if (!string.has_escapes) {
    if (!string.ascii && !IsUtf8(string.raw)) return failure_.OfType(string.raw, out->type());
    out->AppendBytes(string.raw);
    return true;
  }
  char* at = out->AppendBytesUninitialized(string.raw.size());
  size_t written = 0;
  if (!Unescape(string, at, &written)) return failure_.OfType(string.raw, out->type());
  out->TrimLast(string.raw.size() - written);
  return true;
}

/// Of dates and times that are kept as they are printed, infinity must be so as PostgreSQL prints it.
bool ValueDecoder::CheckInText(std::string_view text, Wire wire) {
  if (wire != Wire::kIsoDate && wire != Wire::kIsoTimestamp && wire != Wire::kIsoInstant) return true;
  if (text == "infinity" || text == "-infinity" || !IsBeyondPg(text, wire == Wire::kIsoDate)) return true;
  return failure_.OfRange(text,
                          rows::Type::Of(wire == Wire::kIsoDate ? TypeKind::kDate : TypeKind::kTimestamp));
}

bool ValueDecoder::AppendDecimalBytes(const JsonString& string, int scale, rows::Column* out) {
  const rows::Type& type = out->type();
  std::string_view encoded = string.raw;
  if (string.has_escapes) {
    unescaped_.clear();
    if (!AppendUnescaped(string, &unescaped_)) return failure_.OfType(string.raw, type);
    encoded = unescaped_;
  }
  scratch_.resize(Base64DecodedBound(encoded.size()));
  size_t size = 0;
  if (encoded.empty() || !DecodeBase64(encoded, scratch_.data(), &size))
    return failure_.OfType(encoded, type);
  const std::string_view bytes(scratch_.data(), size);
  if (type.kind == TypeKind::kString) return AppendBigDecimal(bytes, scale, out);
  std::optional<Int128> v = DecimalFromBigEndian(bytes);
  if (v && scale != type.scale) v = RescaleDecimal(*v, scale, type.scale);
  if (!v || !DecimalFits(*v, type.precision)) return AppendBigDecimal(bytes, scale, out);
  out->AppendDecimal(*v);
  return true;
}

/// As text, or with a scale beyond what decimals are kept with; what does not fit then is told.
bool ValueDecoder::AppendBigDecimal(std::string_view bytes, int scale, rows::Column* out) {
  const rows::Type& type = out->type();
  const std::string text = BigDecimalText(bytes, scale);
  if (type.kind == TypeKind::kString) {
    out->AppendBytes(text);
    return true;
  }
  const auto v = scale > kMaxDecimalPrecision ? DecimalFromText(text, type.scale) : std::nullopt;
  if (!v || !DecimalFits(*v, type.precision)) return failure_.OfType(text, type);
  out->AppendDecimal(*v);
  return true;
}

bool ValueDecoder::AppendBinary(const JsonString& string, Wire wire, rows::Column* out) {
  scratch_.assign(string.raw);
  if (string.has_escapes) {
    scratch_.clear();
    if (!AppendUnescaped(string, &scratch_)) return failure_.OfType(string.raw, out->type());
  }
  if (wire == Wire::kHex) {
    std::string bytes;
    if (!DecodeHex(scratch_, &bytes)) return failure_.OfType(string.raw, out->type());
    out->AppendBytes(bytes);
    return true;
  }
  if (wire == Wire::kBase64Url) {
    for (char& c : scratch_) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (scratch_.size() % 4 != 0) scratch_ += '=';
  } else if (wire != Wire::kBase64) {
    return failure_.OfType(string.raw, out->type());
  }
  const size_t bound = Base64DecodedBound(scratch_.size());
  size_t size = 0;
  char* at = out->AppendBytesUninitialized(bound);
  if (!DecodeBase64(scratch_, at, &size)) return failure_.OfType(string.raw, out->type());
  out->TrimLast(bound - size);
  return true;
}

bool ValueDecoder::AppendTemporal(std::string_view text, Wire wire, rows::Column* out) {
  const rows::Type& type = out->type();
  int64_t micros;
  int32_t days;
  switch (wire) {
    case Wire::kIsoDate:
      if (type.kind != TypeKind::kDate || !ParseIsoDate(text, &days)) return failure_.OfTime(text, type);
      out->AppendInt(days);
      return true;
    case Wire::kIsoTime:
      if (type.kind != TypeKind::kTime || !ParseIsoTime(text, &micros)) return failure_.OfType(text, type);
      break;
    case Wire::kIsoTimestamp:
      if (type.kind != TypeKind::kTimestamp || !ParseIsoTimestamp(text, false, &micros))
        return failure_.OfTime(text, type);
      break;
    case Wire::kIsoInstant:
      if (type.kind != TypeKind::kTimestamptz || !ParseIsoTimestamp(text, true, &micros))
        return failure_.OfTime(text, type);
      break;
    default: return failure_.OfType(text, type);
  }
  out->AppendLong(micros);
  return true;
}

}  // namespace cdc::event
