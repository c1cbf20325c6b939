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

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/commit_protocol.h"
#include "jobs/sink/iceberg/delete_files.h"
#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/iceberg/located_table.h"
#include "jobs/sink/iceberg/moved_rows.h"
#include "jobs/sink/iceberg/old_rows.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/iceberg/row_locator.h"
#include "jobs/sink/iceberg/table_definition.h"
#include "jobs/sink/iceberg/table_upkeep.h"
#include "jobs/sink/iceberg/type_rewrite.h"
#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// Owns the parts, the marker, and the second thread; the parts know of no thread. One thread at a time, and
/// what Sink allows while a commit is under way.
class IcebergSink final : public Sink {
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

  const std::optional<Marker>& marker() const override { return marker_; }
  std::shared_ptr<const rows::Schema> schema() const override { return seen_schema_; }
  const std::vector<std::string>& key() const override { return seen_key_; }
  std::optional<OwnNames> own_names() const override { return definition_.own_names(); }
  const KeySecret& key_secret() const override { return definition_.keys().secret; }
  Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const OwnNames& own = {},
                const std::vector<std::string>& derived = {}) override;
  std::shared_ptr<RowIdentity> row_identity() const override { return seen_identity_; }
  Result<uint32_t> CountRows(const Hash128& content) override;
  Status IdentifyRowsWithout(const std::vector<std::string>& absent) override;
  Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own) override;
  Status Retype(const std::vector<Retyped>& columns) override;
  std::vector<std::string> absent() const override;
  void NoteAbsent(std::vector<std::string> columns) override;
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override;
  int64_t row_bytes() const override;
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) override;
  void Expect(int64_t records) override { drafter_.Expect(records); }
  Result<Committed> Commit(const Fold& fold, const Marker& marker) override;
  void BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) override;
  bool committing() const override;
  Result<Committed> AwaitCommit() override;
  Result<bool> Maintain(MaintenanceMode when) override;
  Status Close() override;

 private:
  IcebergSink(TableSettings settings, std::string source_json, Ports ports);

  Status Load();
  Status FindMarker();
  void ShowDefinition();
  Result<Committed> CommitNow(const Fold& fold, const Marker& marker);
  Status Settle() const;

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

  // What schema(), key() and row_identity() answer: those of definition_ are the commit's while one is under
  // way.
  std::shared_ptr<const rows::Schema> seen_schema_;
  std::vector<std::string> seen_key_;
  std::shared_ptr<RowIdentity> seen_identity_;
  std::shared_future<Result<Committed>> under_way_;
  SecondThread second_thread_;  // last: it ends before the rest goes
};

}  // namespace cdc::iceberg_sink
