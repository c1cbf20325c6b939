#pragma once

/// \file jobs/sink/iceberg/iceberg_table.h
/// One Iceberg table as the sink last saw it: its metadata, its live files, and every commit to it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/iceberg/words.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/departed_files.h"
#include "lib/iceberg/live_files.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/rows/type.h"
#include "lib/storage/deferred_close.h"

namespace cdc::iceberg_sink {

/// The table's name, as catalogs take it.
inline iceberg::TableIdent IdentOf(const TableSettings& settings) {
  return {settings.ident.name_space, settings.ident.name};
}

/// A file that is being written for a commit.
struct NewFile {
  std::string path;
  std::unique_ptr<storage::Writer> out;
};

/// Owns the loaded metadata, the live files and the files that a commit is writing. It knows neither keys nor
/// deletes nor offsets. One thread at a time.
class IcebergTable {
 public:
  /// \param entry the table's name in tables.toml, for hints \param ports must outlive this
  IcebergTable(iceberg::TableIdent ident, std::string entry, const Ports& ports);

  /// Asks the catalog; nothing here changes. \return as Catalog::LoadTable().
  Result<iceberg::LoadedTable> Load() const { return ports_.catalog.LoadTable(ident_); }

  /// Makes it in the catalog; nothing here changes before Adopt(). \return as Catalog::CreateTable().
  Result<iceberg::LoadedTable> Make(const rows::Schema& schema,
                                    const std::map<std::string, std::string>& properties) const {
    return ports_.catalog.CreateTable(ident_, schema, "", properties);
  }

  /// Takes `table` as the present state and reads its live files.
  /// \return kUnsupported: it is partitioned or has equality deletes; nothing changes. kCorrupt, kTransient.
  Status Adopt(iceberg::LoadedTable table);
  /// Takes newer metadata with the same live files.
  void Refresh(iceberg::LoadedTable table) { table_ = std::move(table); }
  /// Reads the schema from the metadata again: a new object.
  Status ReadSchema();
  /// Goes back to an earlier object of an equal schema.
  void KeepSchema(std::shared_ptr<const rows::Schema> schema) { schema_ = std::move(schema); }

  /// Commits what changes no file. \return as Catalog::CommitTable(); nothing here changes before Refresh().
  Result<iceberg::LoadedTable> Try(const iceberg::TableCommit& commit) const {
    return ports_.catalog.CommitTable(table_, commit);
  }
  /// Try() and Refresh().
  Status Change(const iceberg::TableCommit& commit);

  /// A path for a data or delete file. The orphan sweep knows our files by this form of their names.
  /// \param kind "data" or "deletes"
  std::string NewPath(const char* kind) const;
  /// A file that becomes durable with CloseFiles(). \param kind as of NewPath()
  Result<NewFile> Create(const char* kind);
  /// Closes what Create() and Stage() have written since the last call.
  Status CloseFiles() { return closing_.CloseAll(); }
  /// Deletes what an attempt wrote and certainly did not commit. Files that cannot be deleted are orphans.
  void Discard(std::vector<std::string> paths);

  /// Writes the manifests of a new snapshot. \param base the present metadata, perhaps with another schema
  /// \return as iceberg::StageSnapshot().
  Result<iceberg::StagedSnapshot> Stage(const iceberg::LoadedTable& base,
                                        const iceberg::SnapshotChanges& changes,
                                        const iceberg::StageOptions& options);
  /// Commits a staged snapshot and takes its state over.
  ///
  /// \return kConflict: certainly not committed, another writer was first. kTransient: certainly not
  /// committed. kCommitUnknown: may be committed; the files must stay. Nothing here changes with an error.
  Status Send(const iceberg::StagedSnapshot& staged);

  bool made() const { return table_.metadata != nullptr; }
  const iceberg::LoadedTable& loaded() const { return table_; }
  const iceberg::TableMetadata& metadata() const { return *table_.metadata; }  ///< once made()
  const iceberg::LiveFiles& live() const { return live_; }
  const std::shared_ptr<const rows::Schema>& schema() const { return schema_; }  ///< null before made()
  /// Counts the calls of Adopt(): what was remembered of files before the last one may be wrong.
  uint64_t generation() const { return generation_; }

  /// What expiring our snapshots will leave behind.
  const iceberg::DepartedFiles& departed() const { return departed_; }
  void ForgetDeparted(int64_t up_to_snapshot) { departed_.ForgetUpTo(up_to_snapshot); }

 private:
  Result<iceberg::LoadedTable> SendUntilKnown(const iceberg::StagedSnapshot& staged) const;

  iceberg::TableIdent ident_;
  std::string entry_;
  const Ports& ports_;
  storage::DeferredClose closing_;  // what a commit writes; the rest goes to ports_.files
  iceberg::LoadedTable table_;      // metadata null: not made yet
  iceberg::LiveFiles live_;
  std::shared_ptr<const rows::Schema> schema_;
  uint64_t generation_ = 0;
  iceberg::DepartedFiles departed_;
};

}  // namespace cdc::iceberg_sink
