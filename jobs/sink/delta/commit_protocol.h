#pragma once

/// \file jobs/sink/delta/commit_protocol.h
/// The order in which a draft becomes a version: close files, journal, send, then deleted rows and key index.
/// And how the sink continues when another writer was first.

#include <string>
#include <vector>

#include "jobs/sink/delta/commit_draft.h"
#include "jobs/sink/delta/deleted_rows.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/table_definition.h"
#include "jobs/sink/delta/words.h"

namespace cdc::delta_sink {

/// Owns no state but the parts' order. One thread at a time.
class CommitProtocol {
 public:
  struct Parts {
    DeltaTable& table;
    TableDefinition& definition;
    DeletedRows& deleted;
    RowLocator& locator;
  };

  /// All must outlive this.
  CommitProtocol(const Ports& ports, Parts parts) : ports_(ports), parts_(parts) {}

  /// Commits the draft. Files that were sent and are not certainly refused stay: if they are orphans, the
  /// sweep finds them. \param marker the actions that say how far the source was read \param operation for
  /// the history that readers show \return the version. kConflict: not committed, see FollowOthers().
  /// kCommitUnknown: may be committed, or is, and the index is behind: only a new run may continue.
  Result<int64_t> Commit(CommitDraft* draft, const std::vector<delta::Action>& marker,
                         const std::string& operation);

  /// Commits actions that change no file. \return as Commit().
  Status Change(const std::vector<delta::Action>& actions, const std::string& operation);

  /// Deletes what a draft wrote that is not committed.
  void Discard(const CommitDraft& draft);

  /// After a conflict: where the others only maintained the table or deleted rows, the sink takes the present
  /// state over, and the batch can be drafted again. \return kConflict: another worker's table now, or other
  /// columns; kUnsupported: they added rows.
  Status FollowOthers();

  /// What the last run may have left undone. Then the index is that of the present version.
  /// \param rows_changed another writer deleted or updated rows
  Status Recover(const std::filesystem::path& index_folder, bool rows_changed);

 private:
  const Ports& ports_;
  Parts parts_;
};

}  // namespace cdc::delta_sink
