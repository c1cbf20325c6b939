#pragma once

/// \file jobs/source/table_shape.h
/// From what is known of the source's columns to the table's schema. Pure.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/source/words.h"
#include "jobs/source/column_names.h"
#include "lib/core/result.h"
#include "lib/event/pg_type.h"
#include "lib/event/source_column.h"
#include "lib/rows/schema_changes.h"
#include "lib/rows/type.h"

namespace cdc::source {

/// What is known about the columns beside the events themselves.
struct Declarations {
  std::string table;  ///< its entry in tables.toml, for hints
  event::Handling handling;
  std::map<std::string, std::string> columns;  ///< `columns` of the configuration: name → PostgreSQL's words
  std::map<std::string, std::string> names;  ///< the same: the source's name → the table's, where they differ
  std::map<std::string, std::string> database;  ///< the same from the source database; empty without `dsn`

  /// A column that no type of the table holds exactly is kept as its text, where that is known.
  bool as_text = false;

  const std::string& TargetOf(const std::string& source) const;  ///< the table's name for a source's column
  const std::string& SourceOf(const std::string& target) const;  ///< and back
};

/// The columns of an event that embeds its schema. Declared ones are kept as declared.
///
/// \return kUnsupported: names all columns that no Iceberg type holds exactly, with the lines that solve it.
///         kInvalidConfig: a declaration does not fit. kBadValue: no schema.
Result<std::vector<event::SourceColumn>> ColumnsOfSchema(std::string_view schema,
                                                         const Declarations& declared);

/// The columns of events without a schema: declared, else from the database, else as the table has them, else
/// JSON's own types. A column whose type nobody knows yet (null so far) is left out.
///
/// \param objects row objects, oldest first
/// \param table its present schema; null before it is made
/// \return kInvalidConfig: a declaration is no type.
Result<std::vector<event::SourceColumn>> ColumnsOfObjects(const std::vector<std::string_view>& objects,
                                                          const Declarations& declared,
                                                          const rows::Schema* table);

/// The columns of these names: declared, else from the database, else as the table has them, else among
/// `inferred`. One that nobody knows is left out. \return kInvalidConfig: a declaration is no type.
Result<std::vector<event::SourceColumn>> ColumnsOfNames(const std::vector<std::string>& names,
                                                        const std::vector<event::SourceColumn>& inferred,
                                                        const Declarations& declared,
                                                        const rows::Schema* table);

/// Schema of a table to be made: the key's columns required, all others optional, metadata columns last.
///
/// \param key names of the key's columns, in the table; each must be among `columns`. Columns of types that
/// Iceberg does not take as
///        identifiers (floats, binaries of lists) stay out of identifier-field-ids
/// \return kUnsupported: a key column that is not there.
Result<rows::Schema> NewTableSchema(const std::vector<event::SourceColumn>& columns,
                                    const std::vector<std::string>& key,
                                    const std::vector<OwnColumn>& own_columns,
                                    const std::vector<rows::Field>& derived);

/// What the table lacks to take these columns: new ones, and wider types where Iceberg can widen.
rows::SchemaChanges ChangesFor(const rows::Schema& table, const std::vector<event::SourceColumn>& columns);

/// Columns of the table that have another type at the source than is noted, and that type, where it is known.
std::vector<std::pair<std::string, std::string>> SourceTypeChanges(
    const rows::Schema& table, const std::vector<event::SourceColumn>& columns);

}  // namespace cdc::source
