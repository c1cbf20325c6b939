#pragma once

/// \file lib/rows/type.h
/// The types that columns have: Iceberg's primitive types and lists of them (specification v2, "Schemas and
/// Data Types"). Everything that reads, keeps or writes a value speaks these words.

#include <string>
#include <string_view>
#include <vector>

namespace cdc::rows {

enum class TypeKind {
  kBoolean,
  kInt,   ///< 32 bits
  kLong,  ///< 64 bits
  kFloat,
  kDouble,
  kDecimal,      ///< unscaled 128 bits, with precision and scale
  kDate,         ///< days since 1970-01-01, 32 bits
  kTime,         ///< microseconds since midnight, 64 bits
  kTimestamp,    ///< microseconds since 1970-01-01T00:00:00 without a zone
  kTimestamptz,  ///< microseconds since 1970-01-01T00:00:00Z
  kString,       ///< UTF-8
  kUuid,         ///< 16 bytes, big-endian as printed
  kBinary,
  kList,  ///< of one element kind that is not itself a list
};

/// A column's type. `element` is meaningful for kList only: the kind (with precision and scale) of its
/// elements, which are always optional.
struct Type {
  TypeKind kind = TypeKind::kString;
  int precision = 0;  ///< kDecimal, or a kList of decimals: 1 to 38
  int scale = 0;      ///< as precision: 0 to precision
  TypeKind element = TypeKind::kString;

  static Type Of(TypeKind kind) { return Type{kind, 0, 0, TypeKind::kString}; }
  static Type Decimal(int precision, int scale) {
    return Type{TypeKind::kDecimal, precision, scale, TypeKind::kString};
  }
  static Type ListOf(Type element) {
    return Type{TypeKind::kList, element.precision, element.scale, element.kind};
  }
  /// The element's type of a kList.
  Type element_type() const { return Type{element, precision, scale, TypeKind::kString}; }

  friend bool operator==(const Type&, const Type&) = default;
};

/// Bytes of one value in a Column: 1, 4, 8 or 16; 0 for kString, kBinary and kList, which vary.
int FixedWidth(TypeKind kind);

/// Iceberg's spelling: "int", "decimal(9, 2)", "timestamptz", "list<string>".
std::string ToString(const Type& type);

/// Whether Iceberg lets a column of `from` become `to` with its old files unchanged: int→long, float→double,
/// decimal to a wider precision of the same scale (specification, "Schema Evolution").
bool CanPromote(const Type& from, const Type& to);

struct Field {
  int id = 0;          ///< Iceberg field id; 0 before one is assigned
  int element_id = 0;  ///< field id of a list's element; 0 otherwise
  std::string name;
  bool required = false;
  Type type;
  /// The column's type at the source, in PostgreSQL's words as format_type() gives them; empty: unknown. Not
  /// part of what the field is: two fields may be equal with different ones.
  std::string source_type = {};

  friend bool operator==(const Field& a, const Field& b) {
    return a.id == b.id && a.element_id == b.element_id && a.name == b.name && a.required == b.required &&
           a.type == b.type;
  }
};

/// An ordered set of columns. Value type.
struct Schema {
  int schema_id = 0;
  std::vector<Field> fields;
  std::vector<int> identifier_field_ids;  ///< the key's columns, in key order; empty without a key

  /// Position in `fields` of the column with that name or id; -1 when there is none.
  int IndexOf(std::string_view name) const;
  int IndexOfId(int field_id) const;
  /// Largest field or element id in use; 0 for an empty schema.
  int max_field_id() const;
};

}  // namespace cdc::rows
