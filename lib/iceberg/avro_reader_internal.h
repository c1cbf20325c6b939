#pragma once

/// \file lib/iceberg/avro_reader_internal.h
/// Reads Avro object container files by the schema they were written with, for the room's own files.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::iceberg::avro {

enum class Kind {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kArray,
  kMap,
  kRecord,
  kUnion
};

struct Type;

struct FieldType {
  std::string name;
  int id = -1;  ///< Iceberg's "field-id"; -1 without one
  std::shared_ptr<const Type> type;
};

/// A node of a schema. `children`: the items of an array, the values of a map, the branches of a union.
struct Type {
  Kind kind = Kind::kNull;
  std::vector<FieldType> fields;
  std::vector<std::shared_ptr<const Type>> children;
  size_t fixed_size = 0;
};

/// A decoded value; unions are replaced by what they hold.
struct Value {
  const Type* type = nullptr;  ///< lives as long as the Container
  int64_t number = 0;          ///< boolean, int, long, enum (its index)
  double real = 0;             ///< float, double
  std::string text;            ///< bytes, string, fixed
  std::vector<Value> items;    ///< array: items; record: its fields in order; map: key, value, key, value …

  bool is_null() const { return type == nullptr || type->kind == Kind::kNull; }
  /// A record's field of that id, else (writers without ids) of that name; null when absent or null.
  const Value* Find(int field_id, std::string_view name) const;
};

struct Container {
  std::map<std::string, std::string> metadata;
  std::shared_ptr<const Type> schema;
  std::vector<Value> records;
};

/// \return kCorrupt: not an Avro file or damaged; kUnsupported: a codec other than null and deflate.
Result<Container> ReadContainer(std::string_view bytes);

}  // namespace cdc::iceberg::avro
