#pragma once

/// \file lib/delta/schema.h
/// A table's columns as rows have them, and how the log and the data files say it (PROTOCOL.md, "Schema
/// Serialization Format", "Column Mapping").
///
/// Delta has neither time nor uuid: their values are stored as PostgreSQL's text. What a column is to rows
/// stands in its metadata (`cdc.id`, `cdc.element-id`, `cdc.type`, `cdc.required`), which other writers leave
/// alone. For readers every column may be null: a column that takes another's name has no values in files
/// from before.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::delta {

/// Value type.
struct TableSchema {
  std::shared_ptr<const rows::Schema> logical;
  std::vector<std::string> physical;  ///< name of each column in data files
  bool mapped = false;                ///< column mapping by name: physical names may be others
  int last_id = 0;                    ///< the highest column id that was ever given

  bool empty() const { return logical == nullptr; }
};

/// As values are stored: text for time and uuid.
rows::Type StoredType(const rows::Type& type);

/// What data files hold of these columns of the table: physical names and stored types.
/// \param projection columns of `schema`, found by id
std::shared_ptr<const rows::Schema> StoredSchema(const rows::Schema& projection, const TableSchema& schema);

/// Whether data files need column mapping to have a column of this name.
bool NeedsMapping(const std::string& name);

/// A name for the values of a new column, which no column has had.
std::string NewPhysicalName();

/// metaData.schemaString.
std::string EncodeSchema(const TableSchema& schema);
/// \param configuration of the table: mode of column mapping, highest id
/// \return kUnsupported: a column of a type that is not spoken; kCorrupt.
Result<TableSchema> DecodeSchema(const std::string& text,
                                 const std::map<std::string, std::string>& configuration);

/// Whether a column is a timestamp without a zone, which is a feature of its own.
bool HasTimestampNtz(const rows::Schema& schema);

// Keys of a table's configuration.
inline constexpr const char* kMappingMode = "delta.columnMapping.mode";
inline constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";
inline constexpr const char* kLastId = "cdc.last-column-id";

}  // namespace cdc::delta
