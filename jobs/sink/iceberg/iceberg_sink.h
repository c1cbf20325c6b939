#pragma once

/// \file jobs/sink/iceberg/iceberg_sink.h
/// Folded changes into an Iceberg v2 table: data files, position deletes found through the key index, one
/// atomic commit.
///
/// The sink is put together from parts, each with a header of its own (docs/decisions/0019):
///   iceberg_table     metadata, live files, and the three answers of a commit
///   table_definition  columns, key, secret, and how they change
///   delete_files      which rows are deleted, and the files that say so
///   row_locator       key → data file and position; moved_rows and old_rows read rows through it
///   commit_draft      a fold's rows as data files
///   commit_protocol   a draft becomes a snapshot; another writer was first
///   table_upkeep      compaction, expiry, deletion
///   type_rewrite      all rows with another type
/// Words: *live* is the table's present set of files, the *marker* the offsets in the newest snapshot that
/// has them.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/commit_protocol.h"
#include "jobs/sink/iceberg/delete_files.h"
#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/iceberg/located_table.h"
#include "jobs/sink/lake/moved_rows.h"
#include "jobs/sink/lake/old_rows.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/iceberg/table_definition.h"
#include "jobs/sink/iceberg/table_upkeep.h"
#include "jobs/sink/iceberg/type_rewrite.h"
#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// Owns the parts and the marker. One thread at a time, as worker::Table sees to.
class IcebergSink final : public Sink, public worker::Lookup, public worker::Upkeep {
 public:
  using Ports = iceberg_sink::Ports;

  /// Loads the table if it is there, resolves what the last run left in doubt, and brings the index up to
  /// date.
  ///
  /// \param source_json identity of the Kafka cluster and topic (`cdc.source`); another one than the table's
  /// is refused
  /// \return kUnsupported: not a table we may write (another source, data without a marker, partitions,
  /// equality deletes); the hint names the command. kTransient, kCorrupt.
  static Result<std::unique_ptr<IcebergSink>> Open(TableSettings settings, std::string source_json,
                                                   Ports ports);

  /// The same for a run that only maintains a table that is there: from whichever source it was filled.
  /// \return also kNotFound: no such table.
  static Result<std::unique_ptr<IcebergSink>> OpenToMaintain(TableSettings settings, Ports ports);

  TableFigures figures() const { return FiguresOf(table_, settings_.target_file_bytes); }
  /// What Maintain(kThorough) would begin with. Reads the table's metadata and lists its folder.
  Result<MaintenanceDue> FindDue() { return upkeep_.FindDue(); }

  worker::Opened opened() const override;
  Result<worker::Shape> Follow(const worker::ShapeChange& change) override;
  worker::Lookup& lookup() override { return *this; }
  Result<Committed> Commit(const worker::Batch& batch) override;
  worker::Upkeep* upkeep() override { return this; }

  const std::optional<Marker>& marker() const { return marker_; }
  worker::Shape shape() const;
  Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const OwnNames& own = {},
                const std::vector<std::string>& derived = {});
  Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own);
  Status Retype(const std::vector<Retyped>& columns) { return type_rewrite_.Run(columns); }

  Result<uint32_t> CountRows(const Hash128& content) override;
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override { return old_rows_.FillGaps(fold); }
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) override;
  Result<bool> Maintain(MaintenanceMode when) override { return upkeep_.Step(when); }
  Status Close() override;

 private:
  IcebergSink(TableSettings settings, std::string source_json, Ports ports);

  Status Load();
  Status FindMarker();
  Status IdentifyRowsWithout(const std::vector<std::string>& absent);

  const TableSettings settings_;
  const std::string source_json_;  // empty: any source will do
  const Ports ports_;

  IcebergTable table_;
  TableDefinition definition_;
  DeleteFiles deletes_;
  LocatedIcebergTable located_;
  RowLocator locator_;
  MovedRows moved_;
  OldRows old_rows_;
  RowDrafter drafter_;
  CommitProtocol protocol_;
  TableUpkeep upkeep_;
  TypeRewrite type_rewrite_;
  std::optional<Marker> marker_;
};

}  // namespace cdc::iceberg_sink
