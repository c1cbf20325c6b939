#include "lib/rows/type.h"

#include <algorithm>
#include <string_view>

namespace cdc::rows {

int FixedWidth(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean: return 1;
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kDate: return 4;
    case TypeKind::kLong:
    case TypeKind::kDouble:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return 8;
    case TypeKind::kDecimal:
    case TypeKind::kUuid: return 16;
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kList: return 0;
  }
  return 0;
}

std::string ToString(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kInt: return "int";
    case TypeKind::kLong: return "long";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kDecimal:
      return "decimal(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
    case TypeKind::kDate: return "date";
    case TypeKind::kTime: return "time";
    case TypeKind::kTimestamp: return "timestamp";
    case TypeKind::kTimestamptz: return "timestamptz";
    case TypeKind::kString: return "string";
    case TypeKind::kUuid: return "uuid";
    case TypeKind::kBinary: return "binary";
    case TypeKind::kList: return "list<" + ToString(type.element_type()) + ">";
  }
  return "unknown";
}

bool CanPromote(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.kind == TypeKind::kList || to.kind == TypeKind::kList) {
    return from.kind == to.kind && CanPromote(from.element_type(), to.element_type());
  }
  if (from.kind == TypeKind::kInt) return to.kind == TypeKind::kLong;
  if (from.kind == TypeKind::kFloat) return to.kind == TypeKind::kDouble;
  if (from.kind == TypeKind::kDecimal && to.kind == TypeKind::kDecimal) {
    return from.scale == to.scale && to.precision >= from.precision;
  }
  return false;
}

int Schema::IndexOf(std::string_view name) const {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return it == fields.end() ? -1 : static_cast<int>(it - fields.begin());
}

int Schema::IndexOfId(int field_id) const {
  const auto it =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.id == field_id; });
  return it == fields.end() ? -1 : static_cast<int>(it - fields.begin());
}

int Schema::max_field_id() const {
  int largest = 0;
  for (const Field& f : fields) largest = std::max({largest, f.id, f.element_id});
  return largest;
}

}  // namespace cdc::rows
