#include "lib/event/source_column.h"

namespace cdc::event {
namespace {

using rows::TypeKind;

/// Counts of days or microseconds and encoded bytes are not the text that PostgreSQL shows for them.
bool HasExactText(Wire wire) {
  switch (wire) {
    case Wire::kBoolean:
    case Wire::kInteger:
    case Wire::kFloat:
    case Wire::kText:
    case Wire::kDecimalBytes:
    case Wire::kDecimalText:
    case Wire::kDecimalNumber:
    case Wire::kVariableDecimal:
    case Wire::kIsoDate:
    case Wire::kIsoTime:
    case Wire::kIsoTimestamp:
    case Wire::kIsoInstant:
    case Wire::kUuid:
    case Wire::kArray:
    case Wire::kAnything: return true;
    default: return false;
  }
}

bool IsScalarConvertible(Wire wire, TypeKind kind) {
  if (kind == TypeKind::kString) return HasExactText(wire);
  switch (wire) {
    case Wire::kBoolean: return kind == TypeKind::kBoolean;
    case Wire::kInteger:
      return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kDecimal;
    case Wire::kFloat: return kind == TypeKind::kFloat || kind == TypeKind::kDouble;
    case Wire::kBase64:
    case Wire::kBase64Url:
    case Wire::kHex: return kind == TypeKind::kBinary;
    case Wire::kDecimalBytes:
    case Wire::kDecimalText:
    case Wire::kDecimalNumber:
    case Wire::kVariableDecimal: return kind == TypeKind::kDecimal;
    case Wire::kDays:
    case Wire::kIsoDate: return kind == TypeKind::kDate;
    case Wire::kMillisOfDay:
    case Wire::kMicrosOfDay:
    case Wire::kNanosOfDay:
    case Wire::kIsoTime: return kind == TypeKind::kTime;
    case Wire::kEpochMillis:
    case Wire::kEpochMicros:
    case Wire::kEpochNanos:
    case Wire::kIsoTimestamp: return kind == TypeKind::kTimestamp;
    case Wire::kIsoInstant: return kind == TypeKind::kTimestamptz;
    case Wire::kUuid: return kind == TypeKind::kUuid;
    case Wire::kText:
    case Wire::kArray:
    case Wire::kAnything: return false;
  }
  return false;
}

}  // namespace

bool IsConvertible(const SourceColumn& column, const rows::Type& type) {
  if (column.wire != Wire::kArray)
    return type.kind != TypeKind::kList && IsScalarConvertible(column.wire, type.kind);
  if (type.kind == TypeKind::kString) return true;
  return type.kind == TypeKind::kList && IsScalarConvertible(column.element, type.element);
}

}  // namespace cdc::event
