#include "lib/expression/value_type_internal.h"

#include <algorithm>

#include "lib/core/decimal.h"

namespace cdc::expression {
namespace {

enum class Category { kUnknown, kBoolean, kNumber, kText, kTime, kOther };

Category CategoryOf(Base base) {
  switch (base) {
    case Base::kUnknown: return Category::kUnknown;
    case Base::kBoolean: return Category::kBoolean;
    case Base::kText: return Category::kText;
    case Base::kDate:
    case Base::kTime:
    case Base::kTimestamp:
    case Base::kTimestamptz: return Category::kTime;
    default: return IsNumber(base) ? Category::kNumber : Category::kOther;
  }
}

bool IsPreferred(Base base) { return base == Base::kDouble || base == Base::kTimestamptz; }

}  // namespace

std::string_view NameOf(Base base) {
  switch (base) {
    case Base::kUnknown: return "unknown";
    case Base::kBoolean: return "boolean";
    case Base::kInteger: return "integer";
    case Base::kBigint: return "bigint";
    case Base::kNumeric: return "numeric";
    case Base::kReal: return "real";
    case Base::kDouble: return "double precision";
    case Base::kText: return "text";
    case Base::kBytea: return "bytea";
    case Base::kDate: return "date";
    case Base::kTime: return "time without time zone";
    case Base::kTimestamp: return "timestamp without time zone";
    case Base::kTimestamptz: return "timestamp with time zone";
    case Base::kUuid: return "uuid";
    case Base::kList: return "an array";
  }
  return "";
}

std::string_view NameOf(TypeWord word) {
  return word == TypeWord::kSmallint ? "smallint" : NameOf(BaseOf(word));
}

Base BaseOf(TypeWord word) {
  switch (word) {
    case TypeWord::kBoolean: return Base::kBoolean;
    case TypeWord::kSmallint:
    case TypeWord::kInteger: return Base::kInteger;
    case TypeWord::kBigint: return Base::kBigint;
    case TypeWord::kReal: return Base::kReal;
    case TypeWord::kDouble: return Base::kDouble;
    case TypeWord::kNumeric: return Base::kNumeric;
    case TypeWord::kText:
    case TypeWord::kVarchar: return Base::kText;
    case TypeWord::kDate: return Base::kDate;
    case TypeWord::kTime: return Base::kTime;
    case TypeWord::kTimestamp: return Base::kTimestamp;
    case TypeWord::kTimestamptz: return Base::kTimestamptz;
    case TypeWord::kUuid: return Base::kUuid;
    case TypeWord::kBytea: return Base::kBytea;
  }
  return Base::kText;
}

ValueType FromRowsType(const rows::Type& type) {
  switch (type.kind) {
    case rows::TypeKind::kBoolean: return {Base::kBoolean};
    case rows::TypeKind::kInt: return {Base::kInteger};
    case rows::TypeKind::kLong: return {Base::kBigint};
    case rows::TypeKind::kFloat: return {Base::kReal};
    case rows::TypeKind::kDouble: return {Base::kDouble};
    case rows::TypeKind::kDecimal: return {Base::kNumeric, true, type.precision - type.scale, type.scale};
    case rows::TypeKind::kDate: return {Base::kDate};
    case rows::TypeKind::kTime: return {Base::kTime};
    case rows::TypeKind::kTimestamp: return {Base::kTimestamp};
    case rows::TypeKind::kTimestamptz: return {Base::kTimestamptz};
    case rows::TypeKind::kString: return {Base::kText};
    case rows::TypeKind::kUuid: return {Base::kUuid};
    case rows::TypeKind::kBinary: return {Base::kBytea};
    case rows::TypeKind::kList: return {Base::kList};
  }
  return {};
}

std::optional<rows::Type> ToRowsType(const ValueType& type) {
  switch (type.base) {
    case Base::kBoolean: return rows::Type::Of(rows::TypeKind::kBoolean);
    case Base::kInteger: return rows::Type::Of(rows::TypeKind::kInt);
    case Base::kBigint: return rows::Type::Of(rows::TypeKind::kLong);
    case Base::kReal: return rows::Type::Of(rows::TypeKind::kFloat);
    case Base::kDouble: return rows::Type::Of(rows::TypeKind::kDouble);
    case Base::kNumeric:
      if (!type.fixed || type.scale > kMaxDecimalPrecision) return std::nullopt;
      return rows::Type::Decimal(std::clamp(type.whole + type.scale, 1, kMaxDecimalPrecision), type.scale);
    case Base::kUnknown:
    case Base::kText: return rows::Type::Of(rows::TypeKind::kString);
    case Base::kBytea: return rows::Type::Of(rows::TypeKind::kBinary);
    case Base::kDate: return rows::Type::Of(rows::TypeKind::kDate);
    case Base::kTime: return rows::Type::Of(rows::TypeKind::kTime);
    case Base::kTimestamp: return rows::Type::Of(rows::TypeKind::kTimestamp);
    case Base::kTimestamptz: return rows::Type::Of(rows::TypeKind::kTimestamptz);
    case Base::kUuid: return rows::Type::Of(rows::TypeKind::kUuid);
    case Base::kList: break;
  }
  return std::nullopt;
}

bool CastsImplicitly(Base from, Base to) {
  if (from == to || from == Base::kUnknown) return true;
  if (IsNumber(from) && IsNumber(to)) return from < to;
  if (to == Base::kTimestamp) return from == Base::kDate;
  return to == Base::kTimestamptz && (from == Base::kDate || from == Base::kTimestamp);
}

std::optional<Base> CommonBase(Base a, Base b) {
  if (a == Base::kUnknown) return b;
  if (b == Base::kUnknown || a == b) return a;
  if (CategoryOf(a) != CategoryOf(b)) return std::nullopt;
  if (!IsPreferred(a) && CastsImplicitly(a, b)) return b;
  if (!CastsImplicitly(b, a)) return std::nullopt;
  return a;
}

std::optional<Base> OperatorBase(Base a, Base b) {
  if (!IsNumber(a) || !IsNumber(b)) return CommonBase(a, b);
  // No operator takes a real and an exact number: both become double precision.
  if (a != b && std::max(a, b) == Base::kReal) return Base::kDouble;
  return std::max(a, b);
}

ValueType AsNumeric(const ValueType& type) {
  switch (type.base) {
    case Base::kInteger: return {Base::kNumeric, true, 10, 0};
    case Base::kBigint: return {Base::kNumeric, true, 19, 0};
    case Base::kNumeric: return type;
    default: return {Base::kNumeric};
  }
}

ValueType Wider(const ValueType& a, const ValueType& b) {
  return {Base::kNumeric, a.fixed && b.fixed, std::max(a.whole, b.whole), std::max(a.scale, b.scale)};
}

}  // namespace cdc::expression
