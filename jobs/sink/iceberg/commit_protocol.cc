#include <fmt/format.h>

#include "jobs/sink/iceberg/table_properties.h"
#include "jobs/sink/iceberg/commit_draft.h"
#include "lib/contract/names.h"

namespace cdc::iceberg_sink {
namespace {

/// How long a commit may stay in doubt before the run gives up and leaves the answer to the next one.
constexpr int kMaxQuestions = 8;
/// The same as time, for a catalog that takes long to say nothing: the orchestrator takes a worker that it
/// does not hear of for two minutes for dead.
constexpr Millis kLongestDoubt{60'000};
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{5000};

/// nothing: counts are optional.
std::optional<int64_t> SummaryCount(const iceberg::Snapshot& snapshot, const char* key) {
  const std::string* text = snapshot.FindSummary(key);
  return text == nullptr ? std::nullopt : std::optional(std::strtoll(text->c_str(), nullptr, 10));
}

/// Whether there are more rows after it than before. One that brings no more than it takes away has written
/// them anew, in files or in place, perhaps without some.
bool AddsRows(const iceberg::Snapshot& snapshot) {
  const std::string* operation = snapshot.FindSummary("operation");
  if (operation != nullptr && *operation == "replace") return false;
  const auto added = SummaryCount(snapshot, "added-records");
  if (!added) return operation != nullptr && *operation == "append";
  const auto count = [&](const char* key) { return SummaryCount(snapshot, key).value_or(0); };
  return *added - count("deleted-records") >
         count("added-position-deletes") - count("removed-position-deletes");
}

}  // namespace

/// Journal, stage, send, and bring the index forward. What was sent and is not certainly refused keeps its
/// files: if they are orphans, the sweep finds them. \return the snapshot's id; kConflict: not committed.
Result<int64_t> IcebergSink::Send(Draft* draft, const std::map<std::string, std::string>& summary,
                                  std::optional<std::string> operation) {
  const iceberg::TableMetadata& metadata = *table_.metadata;
  index::CommitIntent& intent = draft->intent;
  intent.table_uuid = metadata.table_uuid;
  intent.secret = secret_.fingerprint();
  intent.parent_snapshot_id = metadata.current_snapshot_id.value_or(0);
  intent.snapshot_id = iceberg::NewSnapshotId(metadata);
  draft->changes.summary = summary;
  draft->changes.operation = std::move(operation);
  iceberg::StageOptions options;
  options.now_ms = UnixMillis(ports_.clock.wall());
  options.snapshot_id = intent.snapshot_id;
  auto staged = iceberg::StageSnapshot(closing_, table_, live_, draft->changes, options);
  if (!staged) {
    Discard(*draft);
    return staged.error();
  }
  // Somebody may expire our snapshots before a next run of ours, after a kill. Offsets that are older than
  // the rows are made up for key by key; in an append-only table rows would come twice.
  if (settings_.append && summary.contains(std::string(contract::kSummaryOffsets)))
    staged->commit.updates.push_back(iceberg::SetProperties{MirrorOf(staged->snapshot)});
  // With the offsets that pass the first event without them, and not sooner.
  if (!draft->changes.operation && absent_ != AbsentIn(metadata))
    staged->commit.updates.push_back(AbsentProperty(absent_));
  intent.attempt_files.insert(intent.attempt_files.end(), staged->written.begin(), staged->written.end());
  if (Status closed = closing_.CloseAll(); !closed) {
    Discard(*draft);
    return closed.error();
  }
  if (index_ != nullptr) CDC_TRY(index::WriteJournal(settings_.index_folder, intent));

  auto committed = SendUntilKnown(*staged);
  if (!committed) {
    if (committed.error().kind == ErrorKind::kTransient) Discard(*draft);
    return committed.error();
  }
  table_ = std::move(*committed);
  departed_.Note(live_, *staged, table_.metadata->location);
  live_.Advance(*staged);
  if (draft->changes.remove_all) {
    deleted_.ForgetAll();
    shared_.reset();
  }
  for (const std::string& path : draft->changes.removed_paths) deleted_.Forget(path);
  for (const auto& [path, positions] : draft->deletes) deleted_.Add(path, positions);
  if (draft->shared && shared_ != nullptr) std::move(*draft->shared).ApplyTo(shared_.get());
  if (const Status followed = BringIndexForward(*draft); !followed) {
    // Committed, but the index does not know: only a new run, which replays the journal, may go on.
    return Error{ErrorKind::kCommitUnknown,
                 "the commit is done, the key index is behind: " + followed.error().message,
                 followed.error().hint};
  }
  return intent.snapshot_id;
}

/// A change that is in the journal may be applied half when the run dies: it is applied again. The keys of a
/// rewrite are not in it; the next run reads them from the file (ReplayJournal), under the number that the
/// journal has for it. Wherever this one dies:
/// - before the commit: nothing of it is in the index, the file is an orphan.
/// - before the last Put: some keys point to a number that no list knows yet, the others to files that have
///   left the table. Nobody asks the index before the next run has put all of them, which it does,
///   because the stamp is that of the parent.
/// - between Add and SetStamp: the same once more, for nothing.
/// The stamp is the last store: where it is the commit's own, nothing is left to be done.
Status IcebergSink::BringIndexForward(const Draft& draft) {
  if (index_ == nullptr) return {};
  const index::CommitIntent& intent = draft.intent;
  index_->Begin(index::Unfinished::kCommit, intent.snapshot_id);
  if (intent.keys_in_files) {
    CDC_TRY(index::PutFile(draft.moved, intent.new_files.front().first, draft.moved_without, index_.get()));
  }
  for (const auto& [number, path] : intent.new_files) CDC_TRY(numbers_->Add(number, path));
  index_->SetNumbers(numbers_->chain());
  if (!intent.keys_in_files) return index::Apply(intent, index_.get());
  index_->SetStamp({intent.table_uuid, intent.snapshot_id});
  return {};
}

/// Whether `now` shows that a commit on top of `base` can never have been taken: another table, or another
/// child of its newest snapshot. Only then is a conflict one. A catalog that repeats a request by itself
/// answers "conflict" after its own first attempt succeeded, and one that is asked through a cache may show
/// an older table.
bool IcebergSink::MovedOn(const iceberg::TableMetadata& base, const iceberg::TableMetadata& now) {
  if (now.table_uuid != base.table_uuid) return true;
  if (now.current_snapshot_id == base.current_snapshot_id) return false;
  return !base.current_snapshot_id || now.HistoryContains(*base.current_snapshot_id);
}

/// A commit has three answers. The third is asked after until it is one of the other two: either our snapshot
/// is in the table's history, or the same commit is sent again on the same parent, so that at most one of the
/// two can win.
Result<iceberg::LoadedTable> IcebergSink::SendUntilKnown(const iceberg::StagedSnapshot& staged) {
  const SteadyTime until = ports_.clock.steady() + kLongestDoubt;
  auto answer = ports_.catalog.CommitTable(table_, staged.commit);
  Millis pause = kFirstPause;
  for (int question = 0;
       !answer && question < kMaxQuestions && (question == 0 || ports_.clock.steady() < until); ++question) {
    const ErrorKind kind = answer.error().kind;
    if (kind != ErrorKind::kConflict && kind != ErrorKind::kCommitUnknown && kind != ErrorKind::kTransient)
      return answer;
    auto loaded = ports_.catalog.LoadTable(IdentOf(settings_));
    if (loaded && loaded->metadata->HistoryContains(staged.snapshot.snapshot_id)) return loaded;
    if (loaded && kind == ErrorKind::kConflict && MovedOn(*table_.metadata, *loaded->metadata)) return answer;
    ports_.log.Warn("commit {} {}: {}", staged.snapshot.snapshot_id,
                    kind == ErrorKind::kTransient ? "failed, trying again" : "in doubt, asking again",
                    answer.error().message);
    ports_.sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
    if (loaded) {
      auto again = ports_.catalog.CommitTable(table_, staged.commit);
      // Not taken this time says nothing about the time before.
      const bool doubt =
          kind != ErrorKind::kTransient && !again && again.error().kind == ErrorKind::kTransient;
      answer = doubt ? Result<iceberg::LoadedTable>(Error{ErrorKind::kCommitUnknown, again.error().message})
                     : std::move(again);
    }
  }
  if (!answer && answer.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kCommitUnknown, answer.error().message, answer.error().hint};
  }
  return answer;
}

/// Of two rows of a key nobody can say which is right.
Status IcebergSink::RefuseRowsOf(const iceberg::Snapshot& foreign) const {
  if (!AddsRows(foreign)) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("another writer added rows to the table in snapshot {}", foreign.snapshot_id),
      fmt::format(
          "stop that writer; then `cdc reset {0} --yes` builds the table anew, or `cdc adopt {0} --yes` "
          "takes it as it is, from the topic's present end",
          settings_.table)};
}

/// Somebody else committed on our parent. Their offsets: the table is theirs now. Their maintenance or
/// deletes: the index learns the new files and the batch is drafted again. Their rows: RefuseRowsOf().
Status IcebergSink::RebaseAfterConflict() {
  const std::optional<int64_t> parent = live_.snapshot_id();
  CDC_ASSIGN(iceberg::LoadedTable now, ports_.catalog.LoadTable(IdentOf(settings_)));
  if (now.metadata->table_uuid != table_.metadata->table_uuid) {
    return Error{ErrorKind::kConflict, "the table was dropped and made anew by somebody else"};
  }
  auto snapshot = now.metadata->current_snapshot();
  for (; snapshot != nullptr && (!parent || snapshot->snapshot_id != *parent);
       snapshot = snapshot->parent_snapshot_id ? now.metadata->FindSnapshot(*snapshot->parent_snapshot_id)
                                               : nullptr) {
    if (snapshot->FindSummary(std::string(contract::kSummaryOffsets)) != nullptr) {
      return Error{
          ErrorKind::kConflict,
          fmt::format("another writer moved the table's offsets in snapshot {}", snapshot->snapshot_id),
          "another orchestrator, or a worker by hand with another state_dir, works on this table: "
          "stop one of them"};
    }
    CDC_TRY(RefuseRowsOf(*snapshot));
  }
  if (parent && snapshot == nullptr) {
    return Error{ErrorKind::kConflict, "another writer committed, and the catalog does not list what"};
  }
  ports_.log.Info("rebasing on snapshot {} of another writer", now.metadata->current_snapshot_id.value_or(0));
  const auto planned = schema_;
  CDC_TRY(Adopt(std::move(now)));
  if (schema_->fields != planned->fields) {
    return Error{ErrorKind::kConflict, "another writer changed the table's columns"};
  }
  schema_ = planned;
  MakeIdentity();
  if (index_ == nullptr) return {};
  return identity_ == nullptr ? CatchUpIndex() : RebuildIndex("another writer committed");
}

}  // namespace cdc::iceberg_sink
