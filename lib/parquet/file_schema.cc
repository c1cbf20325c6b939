#include <algorithm>
#include <optional>

#include <parquet/types.h>

#include "lib/parquet/file_schema_internal.h"

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;
using pq::LogicalType;
using pq::schema::GroupNode;
using pq::schema::PrimitiveNode;
using rows::TypeKind;

bool MicrosOf(LogicalType::TimeUnit::unit unit) { return unit == LogicalType::TimeUnit::MICROS; }

/// The leaf's type in our words; nothing for what Iceberg does not know.
std::optional<rows::Type> TypeOfLeaf(const PrimitiveNode& node) {
  const LogicalType& logical = *node.logical_type();
  if (logical.is_decimal()) {
    const auto& decimal = static_cast<const pq::DecimalLogicalType&>(logical);
    return rows::Type::Decimal(decimal.precision(), decimal.scale());
  }
  const auto of = [](TypeKind kind) { return std::optional(rows::Type::Of(kind)); };
  switch (node.physical_type()) {
    case pq::Type::BOOLEAN: return of(TypeKind::kBoolean);
    case pq::Type::FLOAT: return of(TypeKind::kFloat);
    case pq::Type::DOUBLE: return of(TypeKind::kDouble);
    case pq::Type::INT32:
      if (logical.is_date()) return of(TypeKind::kDate);
      if (logical.is_none() || logical.is_int()) return of(TypeKind::kInt);
      return std::nullopt;
    case pq::Type::INT64:
      if (logical.is_time() && MicrosOf(static_cast<const pq::TimeLogicalType&>(logical).time_unit())) {
        return of(TypeKind::kTime);
      }
      if (logical.is_timestamp()) {
        const auto& t = static_cast<const pq::TimestampLogicalType&>(logical);
        if (!MicrosOf(t.time_unit())) return std::nullopt;
        return of(t.is_adjusted_to_utc() ? TypeKind::kTimestamptz : TypeKind::kTimestamp);
      }
      if (logical.is_none() || logical.is_int()) return of(TypeKind::kLong);
      return std::nullopt;
    case pq::Type::BYTE_ARRAY:
      return of(logical.is_none() || logical.is_BSON() ? TypeKind::kBinary : TypeKind::kString);
    case pq::Type::FIXED_LEN_BYTE_ARRAY: return of(logical.is_UUID() ? TypeKind::kUuid : TypeKind::kBinary);
    default: return std::nullopt;
  }
}

/// As rows::CanPromote, and text without an annotation: some writers leave it out.
bool Readable(const rows::Type& file, const rows::Type& wanted, const PrimitiveNode& node) {
  if (rows::CanPromote(file, wanted)) return true;
  if (file.kind != TypeKind::kBinary) return false;
  if (wanted.kind == TypeKind::kUuid) return node.type_length() == 16;
  return wanted.kind == TypeKind::kString && node.physical_type() == pq::Type::BYTE_ARRAY;
}

bool HasAnyId(const GroupNode& root) {
  for (int i = 0; i < root.field_count(); ++i) {
    if (root.field(i)->field_id() >= 0) return true;
  }
  return root.field_count() == 0;
}

const pq::schema::Node* FindNode(const GroupNode& root, const rows::Field& field, MatchBy match) {
  if (match == MatchBy::kName) {
    const int named = root.FieldIndex(field.name);
    return named < 0 ? nullptr : root.field(named).get();
  }
  for (int i = 0; i < root.field_count(); ++i) {
    if (root.field(i)->field_id() == field.id) return root.field(i).get();
  }
  if (match == MatchBy::kFieldId || HasAnyId(root)) return nullptr;
  const int i = root.FieldIndex(field.name);
  return i < 0 ? nullptr : root.field(i).get();
}

/// A 3-level list: optional|required group (LIST) { repeated group { optional|required element } }.
const PrimitiveNode* ElementOfList(const pq::schema::Node& node) {
  if (!node.is_group()) return nullptr;
  const auto& outer = static_cast<const GroupNode&>(node);
  if (!outer.logical_type()->is_list() || outer.field_count() != 1) return nullptr;
  const auto& middle = *outer.field(0);
  if (!middle.is_repeated() || !middle.is_group()) return nullptr;
  const auto& group = static_cast<const GroupNode&>(middle);
  if (group.field_count() != 1 || !group.field(0)->is_primitive() || group.field(0)->is_repeated())
    return nullptr;
  return static_cast<const PrimitiveNode*>(group.field(0).get());
}

}  // namespace

Result<FileColumn> FindColumn(const pq::SchemaDescriptor& file, const rows::Field& field, MatchBy match) {
  const auto& root = static_cast<const GroupNode&>(*file.schema_root());
  if (match == MatchBy::kFieldId && !HasAnyId(root)) {
    return Error{ErrorKind::kUnsupported,
                 "cannot read a Parquet file whose columns have no Iceberg field ids"};
  }
  FileColumn found;
  const pq::schema::Node* node = FindNode(root, field, match);
  if (!node) return found;
  const bool list = field.type.kind == TypeKind::kList;
  const PrimitiveNode* leaf = nullptr;
  if (list) {
    leaf = ElementOfList(*node);
  } else if (node->is_primitive() && !node->is_repeated()) {
    leaf = static_cast<const PrimitiveNode*>(node);
  }
  const rows::Type wanted = list ? field.type.element_type() : field.type;
  const std::optional<rows::Type> type = leaf ? TypeOfLeaf(*leaf) : std::nullopt;
  if (!type || !Readable(*type, wanted, *leaf)) {
    return Error{ErrorKind::kUnsupported, "cannot read column " + field.name + " as " + ToString(field.type) +
                                              ": the file has it as " +
                                              (type ? ToString(*type) : "another shape")};
  }
  found.type = *type;
  for (int i = 0; i < file.num_columns(); ++i) {
    if (file.Column(i)->schema_node().get() == leaf) found.index = i;
  }
  if (list) {
    found.null_list_level = node->is_optional() ? 0 : -1;
    found.empty_list_level = node->is_optional() ? 1 : 0;
  }
  return found;
}

}  // namespace cdc::parquet
