#pragma once

/// \file jobs/sink/iceberg/commit_protocol.h
/// The order in which a draft becomes a snapshot: journal, stage, send, then delete caches and key index. And
/// how the sink continues when another writer was first.

#include <map>
#include <optional>
#include <string>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/delete_files.h"
#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/iceberg/table_definition.h"

namespace cdc::iceberg_sink {

/// Owns no state but the parts' order. One thread at a time.
class CommitProtocol {
 public:
  /// The parts that a commit brings forward; all must outlive the protocol.
  struct Parts {
    IcebergTable& table;
    TableDefinition& definition;
    DeleteFiles& deletes;
    RowLocator& locator;
  };

  CommitProtocol(const TableSettings& settings, const Ports& ports, Parts parts)
      : settings_(settings), ports_(ports), parts_(parts) {}

  /// Commits the draft. Files that were sent and are not certainly refused stay: if they are orphans, the
  /// sweep finds them. \param operation as of iceberg::SnapshotChanges \return the snapshot's id. kConflict:
  /// not committed, see FollowOthers(). kTransient: not committed. kCommitUnknown: may be committed, or is,
  /// and the index is behind: only a new run may continue.
  Result<int64_t> Commit(CommitDraft* draft, const std::map<std::string, std::string>& summary,
                         std::optional<std::string> operation);

  /// Commits a draft that leaves the offsets as they are, and replaces files by files of the same rows.
  Result<int64_t> CommitReplacing(CommitDraft* draft);

  /// Deletes what a draft wrote that is not committed.
  void Discard(const CommitDraft& draft) { parts_.table.Discard(draft.intent.attempt_files); }

  /// After a conflict: another writer committed on our parent. Where it only maintained the table or deleted
  /// rows, the sink takes the present state over, and the batch can be drafted again.
  /// \return kConflict: the table is theirs now; kUnsupported: they added rows (CheckForeignCommits).
  Status FollowOthers(const RowLocator::Alive& alive);

 private:
  Result<iceberg::StagedSnapshot> Stage(CommitDraft* draft);
  Status BringForward(CommitDraft* draft);

  const TableSettings& settings_;
  const Ports& ports_;
  Parts parts_;
};

}  // namespace cdc::iceberg_sink
