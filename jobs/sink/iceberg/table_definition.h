#pragma once

/// \file jobs/sink/iceberg/table_definition.h
/// What the rows of the table are: columns, key, names of the worker's own columns, and how keys are hashed;
/// with the commits that change it.

#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/lake/row_keys.h"
#include "jobs/sink/iceberg/table_properties.h"
#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// Owns what the table's properties say of its rows (table_properties.h). It reads no row and keeps no index.
/// One thread at a time.
class TableDefinition {
 public:
  /// \param settings, table must outlive this
  TableDefinition(const TableSettings& settings, IcebergTable& table) : settings_(settings), table_(table) {}

  /// IcebergTable::Adopt(), and what the table says of its rows. The secret stays what it is.
  /// \return also kUnsupported: a column of the key is gone, the key is not the configured one, or nothing
  /// says how rows are told apart.
  Status Adopt(iceberg::LoadedTable table);

  /// Makes the table. \return kConflict: another writer just did; kTransient; kCommitUnknown.
  Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const OwnNames& own,
                const std::vector<std::string>& derived);

  /// \param own noted with the change; names that are noted already change nothing
  /// \return kConflict: another writer changed rows meanwhile; kTransient, kCommitUnknown.
  Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own);

  /// Takes the secret of the table's key hashes. A table that has none, or one that cannot be read, is given
  /// one in a commit of its own: then whatever index there is does not belong to it.
  Status TakeSecret();

  /// Notes which columns the source of a table without a key does not send any more.
  Status IdentifyRowsWithout(const std::vector<std::string>& absent);
  const std::vector<std::string>& identified_without() const { return identity_.absent; }

  /// Makes keys().identity from the present schema.
  void MakeIdentity();

  const std::vector<std::string>& key() const { return keys_.columns; }
  const RowKeys& keys() const { return keys_; }
  /// nothing: the table does not say
  const std::optional<OwnNames>& own_names() const { return own_; }

  /// Columns that the source has dropped, as far as is committed or noted.
  const std::vector<std::string>& absent() const { return absent_; }
  void NoteAbsent(std::vector<std::string> columns) { absent_ = std::move(columns); }
  /// Whether absent() is not committed yet.
  bool absent_is_new() const { return absent_ != AbsentIn(table_.metadata()); }

 private:
  Status ReadIdentity();
  Status CheckKey() const;

  const TableSettings& settings_;
  IcebergTable& table_;
  RowKeys keys_;
  std::optional<OwnNames> own_;  // changed by Create() and Evolve() only, once it is read
  IdentityNote identity_;        // of an upsert table without a key
  std::vector<std::string> absent_;
};

}  // namespace cdc::iceberg_sink
