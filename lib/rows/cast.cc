#include "lib/rows/cast.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "lib/core/decimal.h"
#include "lib/rows/value_text_internal.h"

namespace cdc::rows {
namespace {

constexpr int64_t kMicrosOfDay = int64_t{86'400} * 1'000'000;
/// Digits that every number of the type keeps, and that PostgreSQL's cast to numeric takes.
constexpr size_t kFloatDigits = 6, kDoubleDigits = 15;

std::string ScalarText(const Column& from, uint32_t row) {
  switch (from.type().kind) {
    case TypeKind::kBoolean: return from.fixed<uint8_t>(row) != 0 ? "true" : "false";
    case TypeKind::kInt: return std::to_string(from.fixed<int32_t>(row));
    case TypeKind::kLong: return std::to_string(from.fixed<int64_t>(row));
    case TypeKind::kFloat: return FloatToText(from.fixed<float>(row));
    case TypeKind::kDouble: return DoubleToText(from.fixed<double>(row));
    case TypeKind::kDecimal: return DecimalToText(from.fixed<Int128>(row), from.type().scale);
    case TypeKind::kDate: return DateToText(from.fixed<int32_t>(row));
    case TypeKind::kTime: return TimeToText(from.fixed<int64_t>(row));
    case TypeKind::kTimestamp: return TimestampToText(from.fixed<int64_t>(row), false);
    case TypeKind::kTimestamptz: return TimestampToText(from.fixed<int64_t>(row), true);
    case TypeKind::kString: return std::string(from.bytes(row));
    case TypeKind::kUuid: {
      struct Bytes {
        char of[16];
      };
      return UuidToText(from.fixed<Bytes>(row).of);
    }
    case TypeKind::kBinary: return BytesToText(from.bytes(row));
    case TypeKind::kList: break;
  }
  return {};
}

bool AppendInteger(int64_t v, Column* to) {
  if (to->type().kind == TypeKind::kLong) {
    to->AppendLong(v);
    return true;
  }
  if (v < std::numeric_limits<int32_t>::min() || v > std::numeric_limits<int32_t>::max()) return false;
  to->AppendInt(static_cast<int32_t>(v));
  return true;
}

bool AppendDecimal(const std::optional<Int128>& unscaled, Column* to) {
  if (!unscaled || !DecimalFits(*unscaled, to->type().precision)) return false;
  to->AppendDecimal(*unscaled);
  return true;
}

void AppendFloating(double v, Column* to) {
  if (to->type().kind == TypeKind::kDouble)
    to->AppendDouble(v);
  else
    to->AppendFloat(static_cast<float>(v));
}

/// `v` as a number of T, back as a double by its shortest text: a real that shows the same digits.
double Rounded(double v, const Type& to) {
  return to.kind == TypeKind::kDouble ? v
                                      : DoubleFromText(FloatToText(static_cast<float>(v))).value_or(v + 1);
}

/// Without zeros around them: "-0.00120e+30" has two.
size_t SignificantDigits(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == 'e') break;
    if (c >= '0' && c <= '9' && !(c == '0' && digits.empty())) digits += c;
  }
  return digits.find_last_not_of('0') == std::string::npos ? 0 : digits.find_last_not_of('0') + 1;
}

bool CastInteger(int64_t v, Column* to) {
  switch (to->type().kind) {
    case TypeKind::kInt:
    case TypeKind::kLong: return AppendInteger(v, to);
    case TypeKind::kDecimal: return AppendDecimal(RescaleDecimal(v, 0, to->type().scale), to);
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      const double wide =
          to->type().kind == TypeKind::kFloat ? static_cast<float>(v) : static_cast<double>(v);
      // 2^63 is no long, and the only double here that is not.
      if (wide >= 0x1p63 || static_cast<int64_t>(wide) != v) return false;
      AppendFloating(wide, to);
      return true;
    }
    default: return false;
  }
}

bool CastFloating(double v, std::string_view text, size_t digits, Column* to) {
  switch (to->type().kind) {
    case TypeKind::kInt:
    case TypeKind::kLong:
      return std::isfinite(v) && std::trunc(v) == v && v >= -0x1p63 && v < 0x1p63 &&
             AppendInteger(static_cast<int64_t>(v), to);
    case TypeKind::kDecimal:
      return std::isfinite(v) && SignificantDigits(text) <= digits &&
             AppendDecimal(DecimalFromText(text, to->type().scale), to);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      if (!std::isnan(v) && Rounded(v, to->type()) != v) return false;
      AppendFloating(v, to);
      return true;
    default: return false;
  }
}

bool CastDecimal(Int128 unscaled, int scale, Column* to) {
  switch (to->type().kind) {
    case TypeKind::kInt:
    case TypeKind::kLong: {
      const auto whole = RescaleDecimal(unscaled, scale, 0);
      return whole && *whole >= std::numeric_limits<int64_t>::min() &&
             *whole <= std::numeric_limits<int64_t>::max() && AppendInteger(static_cast<int64_t>(*whole), to);
    }
    case TypeKind::kDecimal: return AppendDecimal(RescaleDecimal(unscaled, scale, to->type().scale), to);
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      const bool real = to->type().kind == TypeKind::kFloat;
      const std::string text = DecimalToText(unscaled, scale);
      const auto v = real ? std::optional<double>(FloatFromText(text)) : DoubleFromText(text);
      if (!v) return false;
      const std::string back = real ? FloatToText(static_cast<float>(*v)) : DoubleToText(*v);
      if (DecimalFromText(back, scale) != std::optional(unscaled)) return false;
      AppendFloating(*v, to);
      return true;
    }
    default: return false;
  }
}

bool AppendMicros(const std::optional<int64_t>& micros, Column* to) {
  if (micros) to->AppendLong(*micros);
  return micros.has_value();
}

bool CastText(std::string_view text, Column* to) {
  switch (to->type().kind) {
    case TypeKind::kBoolean: {
      const auto v = BooleanFromText(text);
      if (v) to->AppendBoolean(*v);
      return v.has_value();
    }
    case TypeKind::kInt:
    case TypeKind::kLong: {
      const auto v = IntegerFromText(text);
      return v && AppendInteger(*v, to);
    }
    case TypeKind::kFloat: {
      const auto v = FloatFromText(text);
      if (v) to->AppendFloat(*v);
      return v.has_value();
    }
    case TypeKind::kDouble: {
      const auto v = DoubleFromText(text);
      if (v) to->AppendDouble(*v);
      return v.has_value();
    }
    case TypeKind::kDecimal: return AppendDecimal(DecimalFromText(text, to->type().scale), to);
    case TypeKind::kDate: {
      const auto v = DateFromText(text);
      if (v) to->AppendInt(*v);
      return v.has_value();
    }
    case TypeKind::kTime: return AppendMicros(TimeFromText(text), to);
    case TypeKind::kTimestamp: return AppendMicros(TimestampFromText(text, false), to);
    case TypeKind::kTimestamptz: return AppendMicros(TimestampFromText(text, true), to);
    case TypeKind::kUuid: {
      char bytes[16];
      if (!UuidFromText(text, &bytes)) return false;
      to->AppendUuid(bytes);
      return true;
    }
    default: return false;
  }
}

bool CastDay(int64_t micros, Column* to) {
  if (to->type().kind != TypeKind::kDate || micros % kMicrosOfDay != 0) return false;
  to->AppendInt(static_cast<int32_t>(micros / kMicrosOfDay));
  return true;
}

bool CastScalar(const Column& from, uint32_t row, Column* to) {
  if (to->type().kind == TypeKind::kString) {
    if (HasUncertainText(from.type(), to->type())) return false;
    to->AppendBytes(ScalarText(from, row));
    return true;
  }
  switch (from.type().kind) {
    case TypeKind::kInt: return CastInteger(from.fixed<int32_t>(row), to);
    case TypeKind::kLong: return CastInteger(from.fixed<int64_t>(row), to);
    case TypeKind::kFloat:
      return CastFloating(from.fixed<float>(row), FloatToText(from.fixed<float>(row)), kFloatDigits, to);
    case TypeKind::kDouble:
      return CastFloating(from.fixed<double>(row), DoubleToText(from.fixed<double>(row)), kDoubleDigits, to);
    case TypeKind::kDecimal: return CastDecimal(from.fixed<Int128>(row), from.type().scale, to);
    case TypeKind::kString: return CastText(from.bytes(row), to);
    case TypeKind::kTimestamp: return CastDay(from.fixed<int64_t>(row), to);
    case TypeKind::kDate: {
      const int64_t days = from.fixed<int32_t>(row);
      int64_t micros = 0;
      if (to->type().kind != TypeKind::kTimestamp || __builtin_mul_overflow(days, kMicrosOfDay, &micros))
        return false;
      to->AppendLong(micros);
      return true;
    }
    default: return false;
  }
}

}  // namespace

bool HasUncertainText(const Type& from, const Type& to) {
  const auto kind_of = [](const Type& t) { return t.kind == TypeKind::kList ? t.element : t.kind; };
  const TypeKind kind = kind_of(from);
  return kind_of(to) == TypeKind::kString &&
         (kind == TypeKind::kBoolean || kind == TypeKind::kBinary ||
          (kind == TypeKind::kDecimal && from.precision == kMaxDecimalPrecision));
}

bool CastCell(const Column& from, uint32_t row, Column* to) {
  if (CanPromote(from.type(), to->type()) || !from.has_value(row)) {
    to->AppendFrom(from, row);
    return true;
  }
  if (from.type().kind != TypeKind::kList) return CastScalar(from, row, to);
  if (to->type().kind != TypeKind::kList) return false;
  const uint32_t before = to->size();
  Column& elements = to->BeginList();
  for (uint32_t i = from.list_begin(row); i < from.list_end(row); ++i) {
    if (CastCell(from.element(), i, &elements)) continue;
    to->Truncate(before);
    return false;
  }
  to->EndList();
  return true;
}

std::string CellText(const Column& column, uint32_t row) {
  if (!column.has_value(row)) return "null";
  if (column.type().kind != TypeKind::kList) return ScalarText(column, row);
  std::string text = "{";
  for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
    if (text.size() > 1) text += ",";
    text += CellText(column.element(), i);
  }
  return text + "}";
}

}  // namespace cdc::rows
