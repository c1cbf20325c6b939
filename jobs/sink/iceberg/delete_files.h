#pragma once

/// \file jobs/sink/iceberg/delete_files.h
/// The position delete files of an Iceberg table: which rows they delete, and how a commit's deletes get into
/// them (docs/decisions/0012).

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/lake/known_deletes.h"
#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/iceberg/shared_deletes.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg_sink {

/// Owns what is known of deleted rows, as a cache: it is read from the table where it is not known, and
/// forgotten when the table was adopted anew. One thread at a time.
class DeleteFiles {
 public:
  /// \param known_bytes that deleted positions may take in memory \param table, files must outlive this
  DeleteFiles(size_t known_bytes, IcebergTable& table, storage::FileSystem& files)
      : table_(table), files_(files), known_(known_bytes) {}

  /// Rows of a data file that are deleted. Remembered up to a limit, else read. \return kTransient, kCorrupt.
  Result<PositionSet> Read(const std::string& data_path);
  /// The same without a copy, remembered from now on. \return valid until the next call
  Result<const PositionSet*> Find(const std::string& data_path);

  /// Delete files of several data files, those of other engines as well, as long as they hold few positions
  /// in all. \return valid until the next commit; kTransient, kCorrupt.
  Result<const SharedDeletes*> Shared();

  /// Drops the positions in `draft->deletes` that are deleted already, and writes the rest to delete files. A
  /// data file without rows left is removed.
  Status Draft(CommitDraft* draft);
  /// Writes the draft's deletes, and the shared ones of files that stay, to the files where they belong
  /// (shared_deletes.h). \param split whether each data file gets its deletes for itself in any case
  Status Arrange(bool split, CommitDraft* draft);
  /// Removes a data file and the delete files that speak of it alone.
  void DropFile(const std::string& data_path, CommitDraft* draft) const;

  /// `draft` is committed: what it deleted is known.
  void Advance(CommitDraft* draft);
  void ForgetAll();

 private:
  void ForgetFormerTable();
  void DropOwnDeletes(const std::string& data_path, CommitDraft* draft) const;
  Status WriteShared(std::span<const parquet::FileDeletes> files, std::vector<std::string>* paths,
                     CommitDraft* draft);
  Status WriteOwn(const parquet::FileDeletes& more, CommitDraft* draft);
  std::span<const int64_t> ExistingRows(const std::string& data_path,
                                        std::span<const int64_t> ascending) const;
  Result<PositionSet> ReadFromFiles(const std::string& data_path);

  IcebergTable& table_;
  storage::FileSystem& files_;
  KnownDeletes known_;  // as far as read or written; of some 100 million rows of data files
  std::unique_ptr<SharedDeletes> shared_;  // null: not read yet
  uint64_t generation_ = 0;                // of the table that this is of
};

}  // namespace cdc::iceberg_sink
