#include "jobs/sink/delta/commit_protocol.h"

#include <algorithm>

#include "jobs/sink/delta/foreign_versions.h"
#include "jobs/sink/delta/table_marker.h"
#include "lib/iceberg/metadata.h"
#include "lib/index/commit_journal.h"

namespace cdc::delta_sink {
namespace {

/// In the journal among the files of an attempt: by which transaction its version is known again.
constexpr std::string_view kTransaction = "transaction:";

delta::CommitInfo InfoOf(const CommitDraft& draft, const std::string& operation,
                         const std::string& transaction) {
  delta::CommitInfo info;
  info.timestamp = draft.now_ms;
  info.operation = operation;
  info.engine = "cdc/" CDC_VERSION;
  info.transaction_id = transaction;
  return info;
}

std::string TransactionIn(const index::CommitIntent& intent) {
  for (const std::string& file : intent.attempt_files) {
    if (file.starts_with(kTransaction)) return file.substr(kTransaction.size());
  }
  return "";
}

}  // namespace

Result<int64_t> CommitProtocol::Commit(CommitDraft* draft, const std::vector<delta::Action>& marker,
                                       const std::string& operation) {
  index::CommitIntent& intent = draft->intent;
  const std::string transaction = iceberg::NewUuid();
  intent.table_uuid = parts_.table.metadata().id;
  intent.secret = parts_.definition.keys().secret.fingerprint();
  intent.parent_snapshot_id = parts_.table.version();
  intent.snapshot_id = intent.parent_snapshot_id + 1;
  std::vector<delta::Action> actions = {InfoOf(*draft, operation, transaction)};
  // With the offsets that pass the first event without them, and not sooner.
  if (draft->data_change && parts_.definition.absent_is_new()) {
    for (delta::Action& each : parts_.definition.Set(
             {{lake_sink::kPropertyAbsent, lake_sink::NamesText(parts_.definition.absent())}}))
      actions.push_back(std::move(each));
  }
  actions.insert(actions.end(), marker.begin(), marker.end());
  actions.insert(actions.end(), draft->actions.begin(), draft->actions.end());
  if (Status closed = parts_.table.CloseFiles(); !closed) {
    Discard(*draft);
    return closed.error();
  }
  intent.attempt_files.push_back(std::string(kTransaction) + transaction);
  CDC_TRY(parts_.locator.WriteJournal(intent));
  if (const Status sent = parts_.table.Send(actions, transaction); !sent) {
    if (sent.error().kind == ErrorKind::kConflict) Discard(*draft);
    return sent.error();
  }
  parts_.deleted.Advance(*draft);
  if (const Status applied = parts_.locator.Apply(intent, draft->moved, draft->moved_without); !applied) {
    // Committed, but the index does not know: only a new run, which replays the journal, may continue.
    return Error{ErrorKind::kCommitUnknown,
                 "the commit is done, the key index is behind: " + applied.error().message,
                 applied.error().hint};
  }
  return intent.snapshot_id;
}

Status CommitProtocol::Change(const std::vector<delta::Action>& actions, const std::string& operation) {
  CommitDraft draft;
  draft.now_ms = UnixMillis(ports_.clock.wall());
  draft.actions = actions;
  draft.data_change = false;
  const auto sent =
      Commit(&draft, {SameMarker(parts_.table.snapshot(), parts_.table.version() + 1)}, operation);
  return sent ? Status{} : Status(sent.error());
}

void CommitProtocol::Discard(const CommitDraft& draft) {
  std::vector<std::string> paths;
  for (const std::string& file : draft.intent.attempt_files) {
    if (!file.starts_with(kTransaction)) paths.push_back(file);
  }
  parts_.table.Discard(paths);
}

Status CommitProtocol::FollowOthers() {
  CDC_ASSIGN(const auto newer, parts_.table.ReadNewer());
  const std::string id = parts_.table.metadata().id;
  const auto planned = parts_.table.schema();
  bool rows_changed = false;
  for (const Version& version : newer) {
    if (HasMarker(version.actions)) {
      return Error{ErrorKind::kConflict,
                   "another worker committed to the Delta table in " + parts_.table.root(),
                   "another orchestrator, or a worker by hand with another state_dir, works on this table: "
                   "stop one of them"};
    }
    const auto rows_before = [this](const std::string& log_path) -> int64_t {
      const auto path = parts_.table.snapshot().PathOf(log_path);
      const delta::LiveFile* file = path ? parts_.table.snapshot().Find(*path) : nullptr;
      return file == nullptr ? -1 : file->records - file->deleted();
    };
    const Foreign what = Judge(version.actions, rows_before);
    if (what == Foreign::kMoreRows) return AddedRows(version.number, parts_.table.root());
    rows_changed |= what == Foreign::kFewerRows;
    CDC_TRY(parts_.table.Take(version));
  }
  if (parts_.table.metadata().id != id)
    return Error{ErrorKind::kConflict, "the Delta table was made anew by somebody else"};
  if (parts_.table.schema() != planned)
    return Error{ErrorKind::kConflict, "another writer changed the table's columns"};
  ports_.log.Info("rebasing on version {} of another writer", parts_.table.version());
  parts_.deleted.ForgetAll();
  CDC_TRY(parts_.definition.Read());
  if (!parts_.locator.open()) return {};
  return rows_changed ? parts_.locator.Rebuild("another writer changed rows", ports_.alive)
                      : parts_.locator.Follow(ports_.alive);
}

/// A version's number does not say whose it is: the locator must not take another writer's for the one in its
/// journal.
Status CommitProtocol::Recover(const std::filesystem::path& index_folder, bool rows_changed) {
  CDC_ASSIGN(const auto intent, index::ReadJournal(index_folder));
  if (rows_changed) return parts_.locator.Rebuild("another writer changed rows", ports_.alive);
  if (intent && intent->table_uuid == parts_.table.metadata().id &&
      intent->snapshot_id <= parts_.table.version()) {
    const auto ours = parts_.table.Is(intent->snapshot_id, TransactionIn(*intent));
    if (!ours && ours.error().kind != ErrorKind::kNotFound) return ours.error();
    if (!ours)
      return parts_.locator.Rebuild("the log does not say any more whose the last commit was", ports_.alive);
    if (!*ours) return parts_.locator.Rebuild("another writer committed first", ports_.alive);
  }
  return parts_.locator.Recover(ports_.alive);
}

}  // namespace cdc::delta_sink
