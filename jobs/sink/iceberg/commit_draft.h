#pragma once

/// \file jobs/sink/iceberg/commit_draft.h
/// What one attempt to commit has prepared so far, and how the rows of a fold get into it.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/iceberg/shared_deletes.h"
#include "jobs/sink/iceberg/words.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/index/commit_journal.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::iceberg_sink {

struct CommitDraft {
  index::CommitIntent intent;
  iceberg::SnapshotChanges changes;
  DeletesByFile deletes;  ///< rows that this commit deletes; in order once DeleteFiles::Draft() ran
  std::optional<SharedChange> shared;  ///< for the shared deletes, once it is committed; nothing: as before
  std::vector<Hash128> moved;          ///< of a compaction: the keys of its new file, row by row …
  std::vector<int64_t> moved_without;  ///< … and the rows among them that are not there any more
  int64_t rows = 0;
  int64_t deleted_rows = 0;

  /// A file of this attempt. \param kind as of IcebergTable::Create()
  Result<NewFile> Create(const char* kind, IcebergTable& table) {
    CDC_ASSIGN(NewFile file, table.Create(kind));
    intent.attempt_files.push_back(file.path);
    return file;
  }
};

/// How data files of a table are written by a worker of so much memory.
parquet::WriterOptions FileOptions(int64_t memory_bytes);

/// Writes the surviving rows of folds into data files. One thread at a time.
class RowDrafter {
 public:
  /// \param table, locator must outlive this
  RowDrafter(const TableSettings& settings, IcebergTable& table, RowLocator& locator)
      : target_file_bytes_(settings.target_file_bytes),
        memory_bytes_(settings.memory_bytes),
        table_(table),
        locator_(locator) {}

  /// About how many records of the source will come after the next fold.
  void Expect(int64_t records) { expected_records_ = records; }

  /// Writes the rows into data files, and notes in `draft` each row's place for the index and the rows of the
  /// table that they supersede. After an error the draft's files are to be discarded.
  /// \return kTransient; kBadValue: a row does not fit its columns.
  Status Draft(const Fold& fold, CommitDraft* draft);

 private:
  Status WriteRows(const Fold& fold, CommitDraft* draft);
  void NoteSuperseded(const std::vector<Slot>& slots, const std::vector<index::Location>& old,
                      CommitDraft* draft) const;

  const int64_t target_file_bytes_, memory_bytes_;
  IcebergTable& table_;
  RowLocator& locator_;
  int64_t expected_records_ = 0;
};

}  // namespace cdc::iceberg_sink
