#pragma once

/// \file jobs/source/column_names.h
/// Whose a name is in the table: the source's, the worker's or the job's, and that no two columns have names
/// that readers take for one. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/source/words.h"
#include "lib/core/result.h"
#include "lib/event/source_column.h"
#include "lib/rows/schema_changes.h"
#include "lib/rows/type.h"

namespace cdc::source {

// What fills a column of the worker's own, in the configuration's words.
inline constexpr std::string_view kIngestionTime =
    "ingestion_time()";                                  ///< timestamptz: when the row was decoded
inline constexpr std::string_view kOperation = "op()";   ///< string: r, c, u, d or t
inline constexpr std::string_view kSourceLsn = "lsn()";  ///< long: of the change, in PostgreSQL's log
inline constexpr std::string_view kSourceTime = "source_time()";  ///< timestamptz: commit at the source
inline constexpr std::string_view kDeletedAt = "deleted_at()";    ///< timestamptz: null while the row is there

/// Whether a value is one of the above. Any other is an expression over the event.
bool IsOwnKind(std::string_view value);

/// In append mode, unless `metadata_columns` gives the operation another name.
inline constexpr std::string_view kOperationName = "_cdc_operation";

struct OwnColumn {
  std::string name;   ///< in the table
  std::string value;  ///< one of the above, or another expression over the event
  friend bool operator==(const OwnColumn&, const OwnColumn&) = default;
};

/// Its type, under its name.
rows::Field FieldOf(const OwnColumn& column);

/// What makes the table's own columns those that are wanted.
struct OwnPlan {
  OwnNames names;                  ///< of the wanted columns, and of those that are wanted no more
  rows::SchemaChanges changes;  ///< renames and additions
};

/// \param noted what is kept with the table; nothing: it was made before that was kept
/// \param entry of the table in tables.toml, for hints
/// \return kUnsupported: a name is the source's or another column's, or nobody knows whose it is.
Result<OwnPlan> PlanOwnColumns(const rows::Schema& table, const std::vector<OwnColumn>& wanted,
                               const std::optional<OwnNames>& noted, const std::string& entry);

/// Everything that gives columns of one table their names.
struct Naming {
  const std::vector<event::SourceColumn>& columns;
  const OwnNames& own;
  const std::vector<rows::Field>& derived;  ///< of the job
  const rows::Schema* table = nullptr;      ///< null: to be made
  const std::string& entry;
};

/// That every column has a name that no other has, upper and lower case being the same.
/// \return kUnsupported: names both, and the lines of tables.toml that tell them apart.
Status CheckNames(const Naming& naming);

}  // namespace cdc::source
