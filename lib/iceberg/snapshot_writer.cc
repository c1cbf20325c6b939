#include "lib/iceberg/snapshot_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "lib/iceberg/manifest_plan_internal.h"
#include "lib/iceberg/snapshot_summary_internal.h"

namespace cdc::iceberg {
namespace {

Status CheckBase(const LoadedTable& base, const LiveFiles& live) {
  const TableMetadata& m = *base.metadata;
  if (m.partitioned) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("{} is partitioned; only unpartitioned tables are written", ToString(base.ident))};
  }
  if (live.snapshot_id() != m.current_snapshot_id) {
    return Error{
        ErrorKind::kConflict,
        fmt::format("{}: the list of live files is not that of the current snapshot", ToString(base.ident))};
  }
  return {};
}

Result<std::vector<LiveFiles::Entry>> ResolveRemoved(const LiveFiles& live, const SnapshotChanges& changes) {
  std::vector<LiveFiles::Entry> removed;
  if (changes.remove_all) {
    for (const LiveManifestPtr& manifest : live.manifests()) {
      removed.insert(removed.end(), manifest->entries.begin(), manifest->entries.end());
    }
    return removed;
  }
  std::unordered_set<std::string> seen;
  for (const std::string& path : changes.removed_paths) {
    LiveFiles::Entry entry = live.FindData(path);
    if (entry == nullptr) entry = live.FindDelete(path);
    if (entry == nullptr)
      return Error{ErrorKind::kInvalidArgument, fmt::format("removing {}: it is not live", path)};
    if (seen.insert(path).second) removed.push_back(std::move(entry));
  }
  return removed;
}

Result<std::vector<LiveFiles::Entry>> MakeAdded(const LiveFiles& live, const SnapshotChanges& changes,
                                                const Snapshot& snapshot) {
  std::vector<LiveFiles::Entry> added;
  std::unordered_set<std::string> seen;
  const auto add = [&](const DataFile& file, int64_t sequence_number) -> Status {
    const std::string& path = file.file_path;
    if (live.FindData(path) != nullptr || live.FindDelete(path) != nullptr || !seen.insert(path).second) {
      return Error{ErrorKind::kInvalidArgument, fmt::format("adding {}: it is in the table already", path)};
    }
    added.push_back(std::make_shared<const ManifestEntry>(ManifestEntry{
        EntryStatus::kAdded, snapshot.snapshot_id, sequence_number, snapshot.sequence_number, file}));
    return {};
  };
  const int64_t data_sequence = changes.data_sequence_number.value_or(snapshot.sequence_number);
  for (const DataFile& file : changes.added_data) CDC_TRY(add(file, data_sequence));
  for (const DataFile& file : changes.added_deletes) CDC_TRY(add(file, snapshot.sequence_number));
  return added;
}

/// Writes the files of one snapshot, and forgets them again when one fails.
class SnapshotFiles {
 public:
  SnapshotFiles(storage::FileSystem& files, const TableMetadata& table) : files_(files), table_(table) {
    folder_ = table.folder() + "/metadata/";
    attempt_ = NewUuid();
  }

  Status Write(const std::vector<PlannedManifest>& plan, StagedSnapshot* staged) {
    Status done = WriteAll(plan, staged);
    if (!done) DiscardStaged(files_, *staged);
    return done;
  }

 private:
  Status WriteAll(const std::vector<PlannedManifest>& plan, StagedSnapshot* staged) {
    std::vector<ManifestFile> list;
    for (const PlannedManifest& planned : plan) {
      LiveManifestPtr manifest = planned.carried;
      if (manifest == nullptr) {
        CDC_ASSIGN(manifest, WriteManifest(planned, staged));
      }
      list.push_back(manifest->file);
      staged->manifests.push_back(std::move(manifest));
    }
    Snapshot& s = staged->snapshot;
    s.manifest_list = fmt::format("{}snap-{}-1-{}.avro", folder_, s.snapshot_id, attempt_);
    CDC_ASSIGN(const std::string bytes,
               EncodeManifestList({s.snapshot_id, s.parent_snapshot_id, s.sequence_number}, list));
    return WriteFile(s.manifest_list, bytes, staged);
  }

  Status WriteFile(const std::string& path, const std::string& bytes, StagedSnapshot* staged) {
    Status done = files_.WriteAll(path, bytes);
    // A file that was there before is somebody else's and must not be deleted as ours.
    if (done || done.error().kind != ErrorKind::kConflict) staged->written.push_back(path);
    return done;
  }

  Result<LiveManifestPtr> WriteManifest(const PlannedManifest& planned, StagedSnapshot* staged) {
    auto manifest = std::make_shared<LiveManifest>();
    const Snapshot& snapshot = staged->snapshot;
    ManifestFile& file = manifest->file;
    file.manifest_path = fmt::format("{}{}-m{}.avro", folder_, attempt_, staged->written.size());
    file.partition_spec_id = table_.default_spec_id;
    file.content = planned.content;
    file.sequence_number = file.min_sequence_number = snapshot.sequence_number;
    file.added_snapshot_id = snapshot.snapshot_id;
    std::vector<ManifestRow> rows;
    const auto put = [&](const std::vector<LiveFiles::Entry>& entries, EntryStatus status, int32_t* count,
                         int64_t* records) {
      for (const LiveFiles::Entry& entry : entries) {
        // An existing entry keeps the snapshot that added the file; a deleted one names the deleting
        // snapshot.
        const int64_t id = status == EntryStatus::kExisting ? entry->snapshot_id : snapshot.snapshot_id;
        rows.push_back({status, id, entry.get()});
        ++*count;
        *records += entry->file.record_count;
        if (status == EntryStatus::kDeleted) continue;
        file.min_sequence_number = std::min(file.min_sequence_number, entry->sequence_number);
        manifest->entries.push_back(entry);
      }
    };
    put(planned.added, EntryStatus::kAdded, &file.added_files_count, &file.added_rows_count);
    put(planned.existing, EntryStatus::kExisting, &file.existing_files_count, &file.existing_rows_count);
    put(planned.deleted, EntryStatus::kDeleted, &file.deleted_files_count, &file.deleted_rows_count);
    CDC_ASSIGN(const std::string bytes, EncodeManifest(Header(planned.content), rows));
    file.manifest_length = static_cast<int64_t>(bytes.size());
    CDC_TRY(WriteFile(file.manifest_path, bytes, staged));
    return LiveManifestPtr(std::move(manifest));
  }

  ManifestHeader Header(ManifestContent content) const {
    ManifestHeader header;
    header.schema_id = table_.current_schema_id;
    header.partition_spec_id = table_.default_spec_id;
    header.content = content;
    for (const StoredSchema& stored : table_.schemas) {
      if (stored.schema_id == table_.current_schema_id) header.schema_json = stored.json;
    }
    return header;
  }

  storage::FileSystem& files_;
  const TableMetadata& table_;
  std::string folder_;
  std::string attempt_;
};

Snapshot NextSnapshot(const TableMetadata& table, const StageOptions& options) {
  Snapshot next;
  next.snapshot_id = options.snapshot_id.value_or(NewSnapshotId(table));
  next.parent_snapshot_id = table.current_snapshot_id;
  next.sequence_number = table.last_sequence_number + 1;
  next.timestamp_ms = std::max(options.now_ms, table.last_updated_ms);
  next.schema_id = table.current_schema_id;
  return next;
}

TableCommit DataCommit(const TableMetadata& table, const Snapshot& snapshot) {
  const std::string main(kMainBranch);
  SnapshotRef head;
  // A branch keeps its own retention settings.
  if (const auto old = table.refs.find(main); old != table.refs.end()) head = old->second;
  head.snapshot_id = snapshot.snapshot_id;
  return TableCommit{
      {AssertTableUuid{table.table_uuid}, AssertRefSnapshotId{main, table.current_snapshot_id}},
      {AddSnapshot{snapshot}, SetSnapshotRef{main, head}}};
}

}  // namespace

Result<StagedSnapshot> StageSnapshot(storage::FileSystem& files, const LoadedTable& base,
                                     const LiveFiles& live, const SnapshotChanges& changes,
                                     const StageOptions& options) {
  CDC_TRY(CheckBase(base, live));
  const TableMetadata& table = *base.metadata;
  StagedSnapshot staged;
  Snapshot& snapshot = staged.snapshot = NextSnapshot(table, options);
  CDC_ASSIGN(staged.removed, ResolveRemoved(live, changes));
  CDC_ASSIGN(staged.added, MakeAdded(live, changes, snapshot));
  snapshot.summary = SummaryCounters(live.totals(), staged.added, staged.removed);
  snapshot.summary["operation"] = changes.operation.value_or(OperationOf(staged.added, staged.removed));
  snapshot.summary["engine-name"] = "cdc";
  snapshot.summary["engine-version"] = CDC_VERSION;
  snapshot.summary.insert(changes.summary.begin(), changes.summary.end());
  CDC_TRY(SnapshotFiles(files, table).Write(PlanManifests(live, staged.added, staged.removed), &staged));
  staged.commit = DataCommit(table, snapshot);
  return staged;
}

void DiscardStaged(storage::FileSystem& files, const StagedSnapshot& staged) {
  for (const std::string& path : staged.written) (void)files.Delete(path);
}

}  // namespace cdc::iceberg
