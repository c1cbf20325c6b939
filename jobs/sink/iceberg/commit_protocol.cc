#include "jobs/sink/iceberg/commit_protocol.h"

#include "jobs/sink/iceberg/foreign_commits.h"
#include "jobs/sink/iceberg/source_marker.h"
#include "jobs/sink/iceberg/table_properties.h"
#include "lib/contract/names.h"
#include "lib/core/check.h"

namespace cdc::iceberg_sink {

Result<int64_t> CommitProtocol::Commit(CommitDraft* draft, const std::map<std::string, std::string>& summary,
                                       std::optional<std::string> operation) {
  const iceberg::TableMetadata& metadata = parts_.table.metadata();
  index::CommitIntent& intent = draft->intent;
  intent.table_uuid = metadata.table_uuid;
  intent.secret = parts_.definition.keys().secret.fingerprint();
  intent.parent_snapshot_id = metadata.current_snapshot_id.value_or(0);
  intent.snapshot_id = iceberg::NewSnapshotId(metadata);
  draft->changes.summary = summary;
  draft->changes.operation = std::move(operation);
  CDC_ASSIGN(const iceberg::StagedSnapshot staged, Stage(draft));
  CDC_TRY(parts_.locator.WriteJournal(intent));

  if (const Status sent = parts_.table.Send(staged); !sent) {
    if (sent.error().kind == ErrorKind::kTransient) Discard(*draft);
    return sent.error();
  }
  if (const Status followed = BringForward(draft); !followed) {
    // Committed, but the index does not know: only a new run, which replays the journal, may continue.
    return Error{ErrorKind::kCommitUnknown,
                 "the commit is done, the key index is behind: " + followed.error().message,
                 followed.error().hint};
  }
  return intent.snapshot_id;
}

Result<int64_t> CommitProtocol::CommitReplacing(CommitDraft* draft) {
  return Commit(draft, NewestSummary(parts_.table.metadata()), "replace");
}

/// Writes the manifests, and adds to the commit what goes with it. Discards the draft where that fails.
Result<iceberg::StagedSnapshot> CommitProtocol::Stage(CommitDraft* draft) {
  const iceberg::TableMetadata& metadata = parts_.table.metadata();
  iceberg::StageOptions options;
  options.now_ms = UnixMillis(ports_.clock.wall());
  options.snapshot_id = draft->intent.snapshot_id;
  auto staged = parts_.table.Stage(parts_.table.loaded(), draft->changes, options);
  if (!staged) {
    Discard(*draft);
    return staged.error();
  }
  // After a kill another engine may expire our snapshots before a next run of ours. Offsets that are older
  // than the rows are made up for key by key; in an append-only table rows would come twice.
  if (settings_.append && draft->changes.summary.contains(std::string(contract::kSummaryOffsets)))
    staged->commit.updates.push_back(iceberg::SetProperties{MirrorOf(metadata, staged->snapshot)});
  // With the offsets that pass the first event without them, and not sooner.
  if (!draft->changes.operation && parts_.definition.absent_is_new())
    staged->commit.updates.push_back(AbsentProperty(parts_.definition.absent()));
  auto& attempt = draft->intent.attempt_files;
  attempt.insert(attempt.end(), staged->written.begin(), staged->written.end());
  if (Status closed = parts_.table.CloseFiles(); !closed) {
    Discard(*draft);
    return closed.error();
  }
  return staged;
}

Status CommitProtocol::BringForward(CommitDraft* draft) {
  CDC_CHECK(parts_.table.live().snapshot_id() == draft->intent.snapshot_id);
  parts_.deletes.Advance(draft);
  return parts_.locator.Apply(draft->intent, draft->moved, draft->moved_without);
}

Status CommitProtocol::FollowOthers(const RowLocator::Alive& alive) {
  CDC_ASSIGN(iceberg::LoadedTable now, parts_.table.Load());
  CDC_TRY(CheckForeignCommits(parts_.table.metadata(), parts_.table.live().snapshot_id(), *now.metadata,
                              settings_.table));
  ports_.log.Info("rebasing on snapshot {} of another writer", now.metadata->current_snapshot_id.value_or(0));
  const auto planned = parts_.table.schema();
  CDC_TRY(parts_.definition.Adopt(std::move(now)));
  if (parts_.table.schema()->fields != planned->fields)
    return Error{ErrorKind::kConflict, "another writer changed the table's columns"};
  parts_.table.KeepSchema(planned);
  parts_.definition.MakeIdentity();
  return parts_.locator.Follow(alive);
}

}  // namespace cdc::iceberg_sink
