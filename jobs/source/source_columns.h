#pragma once

/// \file jobs/source/source_columns.h
/// Which columns the events of a table have, and of what types: as their schema says, or as the values, the
/// declarations and the source database tell where there is no schema.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "jobs/source/known_columns.h"
#include "jobs/source/mapping.h"
#include "jobs/source/open_batch.h"
#include "lib/event/envelope.h"
#include "lib/event/placeholder.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// In the index folder: see known_columns.h.
inline constexpr const char* kColumnsFile = "source-columns";

/// What the source database says about the table.
struct SourceDescription {
  std::map<std::string, std::string> columns;  ///< name → PostgreSQL's words
  std::vector<std::string> key;                ///< primary key; empty: none
  std::string missing;  ///< why there is nothing of the above: the database has no such table
};

/// Not thread-safe.
class SourceColumns {
 public:
  using Describe = std::function<Result<SourceDescription>()>;

  /// \param mapping may be null; outlives this \param describe asks the source database; empty: there is none
  SourceColumns(const OpenBatch& batch, Mapping* mapping, Describe describe);

  /// Of an event that embeds its schema. \return kUnsupported; kTransient: the database does not answer
  Result<std::vector<event::SourceColumn>> OfSchema(const event::Envelope& envelope) const;
  /// Of events without one. \param ahead the event's message and those known to follow
  /// \return kUnsupported: a column's type is not known; kTransient
  Result<std::vector<event::SourceColumn>> Learn(const event::Envelope& envelope,
                                                 std::span<const kafka::Message> ahead);

  /// The table's columns that are neither the worker's nor the job's: what those hold says nothing of the
  /// source's.
  rows::Schema FieldsOf(const rows::Schema& table) const;
  /// Names of columns that the source does not fill.
  std::set<std::string> OwnNamesOf() const;

  // When events without a schema have something that does not fit.
  /// Values like [] and [null] of a column that no other event has told the type of: one that is guessed
  /// stays for ever, and a row without it would be wrong. Names all such columns of the row, and what solves
  /// it.
  Error Untyped(std::string_view object, const event::Placeholder& placeholder) const;
  /// The database knows a column's present type, but not which of the events were written before it had it.
  /// \return kUnsupported, unless all of `retyped` are declared
  Status RefuseUndeclared(const std::vector<Retyped>& retyped) const;
  /// Asks the source database again, not too often. \return whether its columns are others than those known
  Result<bool> DatabaseSaysOtherwise();
  /// The values alone can show that a column's type was changed at the source: JSON of another kind in
  /// several rows, and in all from here on. \param reason why `row` was bad \return kUnsupported: that is so
  Status SuspectType(std::string_view row, const std::string& reason,
                     std::span<const kafka::Message> ahead) const;

  const Declarations& declared() const { return declared_; }
  /// The primary key that the database has; empty: it was not asked, or has none.
  const std::vector<std::string>& database_key() const { return database_key_; }
  KnownColumns& known() { return known_; }

 private:
  Status NoteSourceTypes(std::vector<event::SourceColumn>* columns) const;
  Status RefuseGuesses(const std::string& missing, const std::vector<std::string_view>& objects) const;

  const OpenBatch& batch_;
  Mapping* mapping_;
  Describe describe_;
  Declarations declared_;
  std::vector<std::string> database_key_;
  KnownColumns known_;
  std::optional<SteadyTime> database_asked_;  // because of a bad value
};

}  // namespace cdc::source
