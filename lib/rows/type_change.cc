#include "lib/rows/type_change.h"

#include <algorithm>

#include "lib/core/decimal.h"

namespace cdc::rows {
namespace {

bool IsNumber(TypeKind kind) {
  return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kFloat ||
         kind == TypeKind::kDouble || kind == TypeKind::kDecimal;
}

bool HasZone(TypeKind kind) { return kind == TypeKind::kTimestamptz; }

bool IsTemporal(TypeKind kind) {
  return kind == TypeKind::kDate || kind == TypeKind::kTime || kind == TypeKind::kTimestamp || HasZone(kind);
}

bool HasCast(TypeKind from, TypeKind to) {
  if (to == TypeKind::kString) return true;
  if (from == TypeKind::kString) return to != TypeKind::kBinary;
  if (IsNumber(from)) return IsNumber(to);
  if (from == TypeKind::kDate) return to == TypeKind::kTimestamp;
  return from == TypeKind::kTimestamp && to == TypeKind::kDate;
}

std::string WhyNot(TypeKind from, TypeKind to) {
  if (IsTemporal(from) && IsTemporal(to) && HasZone(from) != HasZone(to))
    return "the result depends on the time zone of the session that changed the type";
  if (from == TypeKind::kString && to == TypeKind::kBinary)
    return "the same text stands for other bytes by each of PostgreSQL's conversions";
  return "there is no one value of the new type for each old value";
}

/// Digits before the point never become fewer, so that what fitted fits.
TypeChange DecideDecimals(const Type& column, const Type& source) {
  const int digits = std::max(column.precision - column.scale, source.precision - source.scale);
  const int precision = std::min(digits + source.scale, kMaxDecimalPrecision);
  const Type to = Type::Decimal(precision, source.scale);
  if (column.scale != source.scale) return {Change::kRewrite, to, {}};
  if (precision > column.precision) return {Change::kPromote, to, {}};
  return {Change::kNone, column, {}};
}

TypeChange DecideScalars(const Type& column, const Type& source) {
  if (column == source) return {Change::kNone, column, {}};
  if (column.kind == TypeKind::kDecimal && source.kind == TypeKind::kDecimal)
    return DecideDecimals(column, source);
  if (CanPromote(column, source)) return {Change::kPromote, source, {}};
  // A real for a double is not the same: the source has rounded its old values.
  if (column.kind == TypeKind::kLong && source.kind == TypeKind::kInt) return {Change::kNone, column, {}};
  if (HasCast(column.kind, source.kind)) return {Change::kRewrite, source, {}};
  return {Change::kCannot, column, WhyNot(column.kind, source.kind)};
}

}  // namespace

TypeChange DecideTypeChange(const Type& column, const Type& source) {
  const bool list = column.kind == TypeKind::kList;
  if (list != (source.kind == TypeKind::kList))
    return {Change::kCannot, column, "one of the two types is a list, the other is not"};
  if (!list) return DecideScalars(column, source);
  TypeChange change = DecideScalars(column.element_type(), source.element_type());
  change.to = Type::ListOf(change.to);
  return change;
}

}  // namespace cdc::rows
