#pragma once

/// \file jobs/sink/delta/table_definition.h
/// What the rows of the table are: columns, key, names of the worker's own columns, and how keys are hashed;
/// with the actions that change it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/words.h"
#include "lib/rows/schema_changes.h"

namespace cdc::delta_sink {

/// Owns what the table's configuration says of its rows (jobs/sink/lake/table_notes.h). It reads no row,
/// keeps no index and sends nothing. One thread at a time.
class TableDefinition {
 public:
  /// \param settings, table must outlive this
  TableDefinition(const Settings& settings, const DeltaTable& table) : settings_(settings), table_(table) {}

  /// Reads it from the table. \return kUnsupported: a column of the key is gone, the key is not the
  /// configured one, or nothing says how rows are told apart.
  Status Read();

  /// The actions of a new table's first version.
  Result<std::vector<delta::Action>> Make(const rows::Schema& schema, const std::vector<std::string>& key,
                                          const OwnNames& own, const std::vector<std::string>& derived,
                                          int64_t now_ms) const;
  /// The actions of a change of columns. \return kUnsupported: one that Delta does not allow.
  Result<std::vector<delta::Action>> Change(const rows::SchemaChanges& changes, const OwnNames& own) const;
  /// The actions that change these properties alone, with the features that they need.
  std::vector<delta::Action> Set(const std::map<std::string, std::string>& properties) const;
  /// The properties that note which columns the source of a table without a key does not send any more.
  std::map<std::string, std::string> WithoutInIdentity(const std::vector<std::string>& absent) const;
  const std::vector<std::string>& identified_without() const { return identity_.absent; }

  const std::vector<std::string>& key() const { return keys_.columns; }
  const RowKeys& keys() const { return keys_; }
  const std::optional<OwnNames>& own_names() const { return own_; }
  /// Columns that the source has dropped, as far as is committed or noted.
  const std::vector<std::string>& absent() const { return absent_; }
  void NoteAbsent(std::vector<std::string> columns) { absent_ = std::move(columns); }
  /// Whether absent() is not committed yet.
  bool absent_is_new() const;

 private:
  void MakeIdentity();
  std::vector<delta::Action> With(delta::Metadata metadata, const delta::TableSchema& columns) const;

  const Settings& settings_;
  const DeltaTable& table_;
  RowKeys keys_;
  std::optional<OwnNames> own_;
  lake_sink::IdentityNote identity_;  // of an upsert table without a key
  std::vector<std::string> absent_;
  bool read_ = false;
};

}  // namespace cdc::delta_sink
