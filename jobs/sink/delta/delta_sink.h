#pragma once

/// \file jobs/sink/delta/delta_sink.h
/// Folded changes into a Delta Lake table: data files, deletion vectors found through the key index, change
/// data files where the table has a change data feed, one atomic commit.
///
/// The sink is put together from parts, each with a header of its own (docs/decisions/0024):
///   delta_table       snapshot, columns, and the three answers of a commit
///   table_definition  columns, key, secret, and how they change
///   table_marker      offsets in every commit
///   deleted_rows      which rows are deleted, and the vectors that say so
///   row_drafter       a fold's rows as data files and change files
///   commit_protocol   a draft becomes a version; another writer was first
///   table_upkeep      checkpoints, compaction, deletion

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/delta/commit_protocol.h"
#include "jobs/sink/delta/deleted_rows.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/located_delta_table.h"
#include "jobs/sink/delta/row_drafter.h"
#include "jobs/sink/delta/table_definition.h"
#include "jobs/sink/delta/table_upkeep.h"
#include "jobs/sink/delta/words.h"

namespace cdc::delta_sink {

/// Owns the parts and the marker. One thread at a time, as worker::Table sees to.
class DeltaSink final : public worker::Sink, public worker::Lookup, public worker::Upkeep {
 public:
  /// Loads the table if it is there, resolves what the last run left in doubt, and brings the index up to
  /// date. \param source_json identity of the Kafka cluster and topic; another one than the table's is
  /// refused \return kUnsupported: not a table we may write. kInvalidConfig: a store that cannot commit.
  /// kTransient, kCorrupt.
  static Result<std::unique_ptr<DeltaSink>> Open(Settings settings, std::string source_json, Ports ports);

  worker::Opened opened() const override;
  Result<worker::Shape> Follow(const worker::ShapeChange& change) override;
  worker::Lookup& lookup() override { return *this; }
  Result<Committed> Commit(const worker::Batch& batch) override;
  worker::Upkeep* upkeep() override { return this; }

  Result<uint32_t> CountRows(const Hash128& content) override;
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override { return old_rows_.FillGaps(fold); }
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) override;
  Result<bool> Maintain(worker::Tidying when) override { return upkeep_.Step(when); }
  Status Close() override;

 private:
  DeltaSink(Settings settings, std::string source_json, Ports ports);

  Status Load();
  Status SwitchFeedOn();
  Status Create(const worker::NewTable& table);
  Status Evolve(const worker::Evolution& evolution);
  Status IdentifyRowsWithout(const std::vector<std::string>& absent);
  worker::Shape shape() const;

  const Settings settings_;
  const std::string source_json_;
  const Ports ports_;

  DeltaTable table_;
  TableDefinition definition_;
  DeletedRows deleted_;
  LocatedDeltaTable located_;
  RowLocator locator_;
  MovedRows moved_;
  OldRows old_rows_;
  RowDrafter drafter_;
  CommitProtocol protocol_;
  TableUpkeep upkeep_;
  std::optional<Marker> marker_;
};

}  // namespace cdc::delta_sink
