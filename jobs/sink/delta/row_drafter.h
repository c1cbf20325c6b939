#pragma once

/// \file jobs/sink/delta/row_drafter.h
/// A fold as a draft: its surviving rows in data files, the rows that they supersede, and, where the table
/// has a change data feed, what has become of each row.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/delta/change_file.h"
#include "jobs/sink/delta/commit_draft.h"
#include "jobs/sink/delta/deleted_rows.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/table_definition.h"
#include "jobs/sink/delta/words.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::delta_sink {

/// How data files of a table are written by a worker of so much memory.
parquet::WriterOptions FileOptions(int64_t memory_bytes);

/// An add action for a data file that was just written.
delta::AddFile AddOf(const iceberg::DataFile& file, const DeltaTable& table, const CommitDraft& draft);

/// One thread at a time.
class RowDrafter {
 public:
  struct Parts {
    DeltaTable& table;
    const TableDefinition& definition;
    DeletedRows& deleted;
    RowLocator& locator;
    LocatedTable& located;
  };
  /// All must outlive this.
  RowDrafter(const Settings& settings, Parts parts) : settings_(settings), parts_(parts) {}

  /// About how many records of the source will come after the next fold.
  void Expect(int64_t records) { expected_records_ = records; }

  /// After an error the draft's files are to be discarded. \return kTransient, kCorrupt; kBadValue: a row
  /// does not fit its columns.
  Status Draft(const Fold& fold, CommitDraft* draft);

 private:
  /// The table's row of a slot's key.
  struct OldRow {
    const std::string* path = nullptr;  ///< null: there is none
    int64_t position = 0;
    bool indexed = false;  ///< the index has the key, if only for a row that is gone
  };
  /// What the rows of a fold are to the table.
  struct Work {
    const Fold& fold;
    std::vector<OldRow> old;      ///< slot by slot
    std::vector<bool> unchanged;  ///< slot by slot: the row is the table's already
    ChangeFile changes;
    bool feed = false;
  };

  Status FindOld(Work* work) const;
  Status WriteOldRows(Work* work) const;
  Status WriteOldRowsOf(const std::string& path, std::vector<uint32_t> slots, Work* work) const;
  Status WriteTruncated(Work* work) const;
  Status WriteRows(Work* work, CommitDraft* draft) const;
  Status WriteNewRows(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& slots,
                      Work* work) const;
  void NoteSuperseded(const Work& work, CommitDraft* draft) const;

  const Settings& settings_;
  Parts parts_;
  int64_t expected_records_ = 0;
};

}  // namespace cdc::delta_sink
