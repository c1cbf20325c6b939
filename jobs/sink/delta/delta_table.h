#pragma once

/// \file jobs/sink/delta/delta_table.h
/// One Delta table as the sink last saw it: its files, its columns, and every commit to it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/sink/delta/words.h"
#include "lib/delta/log.h"
#include "lib/delta/schema.h"
#include "lib/storage/deferred_close.h"

namespace cdc::delta_sink {

/// A file that is being written for a commit.
struct NewFile {
  std::string path;
  std::unique_ptr<storage::Writer> out;
};

/// A version that somebody committed.
struct Version {
  int64_t number = 0;
  std::vector<delta::Action> actions;
};

/// Owns the snapshot, the columns, and the files that a commit is writing. It knows neither keys nor deletes
/// nor offsets. One thread at a time.
class DeltaTable {
 public:
  /// \param ports must outlive this
  DeltaTable(std::string root, const Ports& ports);

  /// Reads the newest version. \param visit as of delta::Log::Load() \return kNotFound: there is no table;
  /// kUnsupported: one that cannot be written; kCorrupt, kTransient.
  Status Load(const delta::Log::Visit& visit);
  /// The versions that are newer than this one, oldest first.
  Result<std::vector<Version>> ReadNewer() const;
  /// Takes one of them over. \return as Load().
  Status Take(const Version& version);

  /// Adds the next version and takes it over.
  /// \param transaction its commitInfo's id, by which it is known again
  /// \return kConflict: certainly not committed, another writer was first. kCommitUnknown: may be committed.
  /// Nothing here changes with an error.
  Status Send(const std::vector<delta::Action>& actions, const std::string& transaction);
  /// Whether a version is the one of that transaction. \return kNotFound: the log has it no more.
  Result<bool> Is(int64_t version, const std::string& transaction) const;

  /// A path for a file of the table. The orphan sweep knows our files by this form of their names.
  /// \param kind "data" or "changes"
  std::string NewPath(const char* kind) const;
  /// A file that becomes durable with CloseFiles().
  Result<NewFile> Create(const std::string& path);
  Status CloseFiles() { return closing_.CloseAll(); }
  /// Deletes what an attempt wrote and certainly did not commit.
  void Discard(const std::vector<std::string>& paths);

  /// Sets how many records a file has where the log does not say it.
  Status CountRecords();

  bool made() const { return snapshot_.version() >= 0; }
  const std::string& root() const { return snapshot_.root(); }
  const delta::Log& log() const { return log_; }
  const delta::Snapshot& snapshot() const { return snapshot_; }
  delta::Snapshot& snapshot() { return snapshot_; }
  int64_t version() const { return snapshot_.version(); }
  const delta::Metadata& metadata() const { return *snapshot_.metadata(); }  ///< once made()
  const delta::TableSchema& columns() const { return columns_; }
  const std::shared_ptr<const rows::Schema>& schema() const {
    return columns_.logical;
  }  ///< null before made()
  /// Of the table's configuration; empty: not set.
  std::string Property(const std::string& name) const;
  /// The path of one of the table's files as the log says it.
  std::string LogPath(const std::string& path) const { return path.substr(root().size() + 1); }

 private:
  Status ReadColumns();

  const Ports& ports_;
  delta::Log log_;
  storage::DeferredClose closing_;
  delta::Snapshot snapshot_;
  delta::TableSchema columns_;
};

}  // namespace cdc::delta_sink
