#pragma once

/// \file lib/rows/schema_changes.h
/// Changes of a table's schema, as data, and what they make of it. Ids of fields are those of Iceberg, where
/// they keep old files readable; other stores make nothing of them.

#include <string>
#include <utility>
#include <vector>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::rows {

struct SchemaChanges {
  std::vector<std::pair<std::string, std::string>>
      renames;                         ///< old name, new name; first of all: the rest uses new ones
  std::vector<Field> additions;  ///< ids ignored; always optional, appended in this order
  std::vector<std::pair<std::string, Type>> promotions;  ///< column name, wider type
  std::vector<std::string>
      relaxations;  ///< columns that become optional; leaves identifier-field-ids if among them

  /// Column name, type of the column that takes its name and place: a new id, so that files written before
  /// say nothing of it. It is required, and of the key, where the old one was and its type allows.
  std::vector<std::pair<std::string, Type>> replacements;

  /// Column name, its type at the source by now (Field::source_type). Nothing in an Iceberg table changes.
  std::vector<std::pair<std::string, std::string>> source_types = {};

  bool empty() const {
    return renames.empty() && additions.empty() && promotions.empty() && relaxations.empty() &&
           replacements.empty() && source_types.empty();
  }
};

/// Gives ids 1.. to the fields of a new table's schema, then to list elements, unless all have one. Set
/// identifier_field_ids afterwards.
Schema AssignFieldIds(Schema schema);

/// Whether a column of this type may be among the identifier fields (specification, "Identifier Field IDs").
bool CanIdentify(const Type& type);

/// `current` with `changes`; new ids from last_column_id + 1.
/// \return kUnsupported: a type that Iceberg cannot promote, or a column name that is taken;
/// kInvalidArgument: no such column.
Result<Schema> Evolve(const Schema& current, int last_column_id, const SchemaChanges& changes);

}  // namespace cdc::rows
