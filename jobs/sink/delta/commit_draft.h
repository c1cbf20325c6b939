#pragma once

/// \file jobs/sink/delta/commit_draft.h
/// What one attempt to commit has prepared so far.

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/words.h"
#include "lib/delta/action.h"
#include "lib/index/commit_journal.h"

namespace cdc::delta_sink {

struct CommitDraft {
  index::CommitIntent intent;
  std::vector<delta::Action> actions;  ///< what becomes of files
  DeletesByFile deletes;          ///< rows that this commit deletes; in order once DeletedRows::Draft() ran
  std::vector<std::string> gone;  ///< data files that it takes away
  bool truncates = false;         ///< everything from before goes
  bool data_change = true;        ///< false: the table's rows stay what they are
  int64_t now_ms = 0;             ///< of its files and removals
  int64_t rows = 0;
  int64_t deleted_rows = 0;
  std::vector<Hash128> moved;          ///< of a compaction: the keys of its new file, row by row …
  std::vector<int64_t> moved_without;  ///< … and the rows among them that are not there any more

  /// A file of this attempt. \param path absolute
  Result<NewFile> Create(const std::string& path, DeltaTable& table) {
    CDC_ASSIGN(NewFile file, table.Create(path));
    intent.attempt_files.push_back(file.path);
    return file;
  }

  /// Takes a data file away as it is now.
  void Remove(const std::string& path, const delta::LiveFile& file) {
    actions.emplace_back(
        delta::RemoveFile{file.add.path, now_ms, data_change, file.add.size, file.add.vector});
    gone.push_back(path);
  }
};

}  // namespace cdc::delta_sink
