#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "lib/iceberg/deletable.h"
#include "lib/iceberg/expire.h"
#include "lib/iceberg/manifest.h"
#include "lib/storage/in_parallel.h"

namespace cdc::iceberg {
namespace {

/// What the remaining snapshots need must be readable, or nothing may be deleted.
Error CannotTell(Error error, const std::string& path) {
  if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kCorrupt;
  error.message = fmt::format("finding out what {} needs: {}", path, error.message);
  return error;
}

/// Whether a file that is missing is an error, or has been deleted by an attempt that did not get to its end.
enum class Missing { kError, kNothing };

/// Reads all `paths`, several at a time, and calls take(number, content) for each in their order.
template <typename Take>
Status ReadEach(storage::FileSystem& files, const std::vector<std::string>& paths, Missing missing,
                const Take& take) {
  constexpr size_t kAtOnce = 64;  // whole files in memory
  for (size_t at = 0; at < paths.size(); at += kAtOnce) {
    const auto first = paths.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<std::string> some(
        first, first + static_cast<std::ptrdiff_t>(std::min(kAtOnce, paths.size() - at)));
    auto contents = storage::ReadMany(files, some);
    for (size_t i = 0; i < some.size(); ++i) {
      Status taken = contents[i] ? take(at + i, *contents[i]) : Status(contents[i].error());
      if (taken) continue;
      if (missing == Missing::kNothing && taken.error().kind == ErrorKind::kNotFound) continue;
      return missing == Missing::kError ? CannotTell(taken.error(), some[i]) : taken.error();
    }
  }
  return {};
}

using Manifests = std::map<std::string, ManifestFile>;  // by Spelling()

/// The manifests that `snapshots` list.
Result<Manifests> ManifestsOf(storage::FileSystem& files, const std::vector<SnapshotPtr>& snapshots,
                              Missing missing) {
  std::vector<std::string> lists;
  for (const SnapshotPtr& snapshot : snapshots) lists.push_back(snapshot->manifest_list);
  Manifests manifests;
  CDC_TRY(ReadEach(files, lists, missing, [&](size_t, const std::string& bytes) -> Status {
    CDC_ASSIGN(std::vector<ManifestFile> listed, DecodeManifestList(bytes));
    for (ManifestFile& m : listed) {
      std::string key = Spelling(m.manifest_path);
      manifests.emplace(std::move(key), std::move(m));
    }
    return {};
  }));
  return manifests;
}

/// Calls take(entry) for each entry of each manifest.
template <typename Take>
Status EachEntry(storage::FileSystem& files, const Manifests& manifests, Missing missing, const Take& take) {
  std::vector<std::string> paths;
  std::vector<const ManifestFile*> each;
  for (const auto& [key, manifest] : manifests) {
    paths.push_back(manifest.manifest_path);
    each.push_back(&manifest);
  }
  return ReadEach(files, paths, missing, [&](size_t i, const std::string& bytes) -> Status {
    CDC_ASSIGN(const std::vector<ManifestEntry> entries, DecodeManifest(bytes, *each[i]));
    for (const ManifestEntry& entry : entries) take(entry);
    return {};
  });
}

/// The first kept one of one straight line of snapshots, of which the oldest part goes and all that follows
/// is ours; else nullptr.
SnapshotPtr FirstOfLine(const TableMetadata& metadata, const std::unordered_set<int64_t>& expired) {
  if (metadata.refs.size() != 1 || metadata.refs.count(std::string(kMainBranch)) == 0) return nullptr;
  SnapshotPtr oldest;
  size_t length = 0;
  bool ours = true, gone = false;
  for (SnapshotPtr s = metadata.current_snapshot(); s != nullptr && length < metadata.snapshots.size();
       s = s->parent_snapshot_id ? metadata.FindSnapshot(*s->parent_snapshot_id) : nullptr) {
    ++length;
    if (expired.count(s->snapshot_id) != 0) {
      gone = true;
      continue;
    }
    if (gone) return nullptr;
    if (oldest != nullptr) {
      const std::string* engine = oldest->FindSummary("engine-name");
      ours = ours && engine != nullptr && *engine == "cdc";
    }
    oldest = s;
  }
  return ours && length == metadata.snapshots.size() ? oldest : nullptr;
}

/// Those of the kept snapshots whose files have to be looked at. In one straight line of our own the first
/// kept snapshot speaks for the rest: a file that has left the table never comes back, since our names are
/// never used again. Otherwise all of them.
std::vector<SnapshotPtr> Witnesses(const TableMetadata& metadata,
                                   const std::unordered_set<int64_t>& expired) {
  if (SnapshotPtr oldest = FirstOfLine(metadata, expired)) return {std::move(oldest)};
  std::vector<SnapshotPtr> kept;
  for (const SnapshotPtr& snapshot : metadata.snapshots) {
    if (expired.count(snapshot->snapshot_id) == 0) kept.push_back(snapshot);
  }
  return kept;
}

/// What left the table between the oldest expired snapshot and the first kept one, as far as `known` has all
/// of it. What the oldest expired one itself took out was found when its parent expired.
std::optional<std::vector<std::string>> Departed(const TableMetadata& metadata,
                                                 const std::unordered_set<int64_t>& expired,
                                                 const DepartedFiles& known) {
  SnapshotPtr later = FirstOfLine(metadata, expired);
  if (later == nullptr) return std::nullopt;
  std::vector<std::vector<std::string>> newest_first;
  std::vector<std::string> paths;
  while (later->parent_snapshot_id) {
    SnapshotPtr parent = metadata.FindSnapshot(*later->parent_snapshot_id);
    if (parent == nullptr) break;
    auto gone = known.Of(*later, metadata.location);
    if (!gone) return std::nullopt;
    newest_first.push_back(std::move(*gone));
    paths.push_back(parent->manifest_list);
    later = std::move(parent);
  }
  std::vector<std::string> all;
  for (auto some = newest_first.rbegin(); some != newest_first.rend(); ++some)
    all.insert(all.end(), some->begin(), some->end());
  all.insert(all.end(), paths.rbegin(), paths.rend());
  return all;
}

}  // namespace

Result<std::vector<std::string>> FindUnreachable(storage::FileSystem& files, const TableMetadata& metadata,
                                                 const std::vector<int64_t>& expired_ids,
                                                 const DepartedFiles& known) {
  const std::unordered_set<int64_t> expired(expired_ids.begin(), expired_ids.end());
  if (auto departed = Departed(metadata, expired, known)) {
    KeepOwnFiles(metadata, &*departed);
    return std::move(*departed);
  }
  std::unordered_set<std::string> kept_lists;
  std::vector<SnapshotPtr> going;
  for (const SnapshotPtr& snapshot : metadata.snapshots) {
    if (expired.count(snapshot->snapshot_id) == 0) {
      kept_lists.insert(Spelling(snapshot->manifest_list));
    } else {
      going.push_back(snapshot);
    }
  }
  CDC_ASSIGN(const Manifests kept, ManifestsOf(files, Witnesses(metadata, expired), Missing::kError));
  CDC_ASSIGN(Manifests gone, ManifestsOf(files, going, Missing::kNothing));
  for (const auto& [key, manifest] : kept) gone.erase(key);
  // Spelling → path of each file that an expired snapshot lists and that may be listed by none of the kept.
  std::map<std::string, std::string> candidates;
  CDC_TRY(EachEntry(files, gone, Missing::kNothing, [&](const ManifestEntry& entry) {
    candidates.emplace(Spelling(entry.file.file_path), entry.file.file_path);
  }));
  if (!candidates.empty()) {
    CDC_TRY(EachEntry(files, kept, Missing::kError, [&](const ManifestEntry& entry) {
      if (entry.status != EntryStatus::kDeleted) candidates.erase(Spelling(entry.file.file_path));
    }));
  }
  std::vector<std::string> unreachable;
  for (auto& [key, path] : candidates) unreachable.push_back(std::move(path));
  for (const auto& [key, manifest] : gone) unreachable.push_back(manifest.manifest_path);
  for (const SnapshotPtr& snapshot : going) {
    if (kept_lists.count(Spelling(snapshot->manifest_list)) == 0)
      unreachable.push_back(snapshot->manifest_list);
  }
  KeepOwnFiles(metadata, &unreachable);
  return unreachable;
}

namespace {

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Of the shapes that we write; whatever else somebody keeps in the folder is none of our business.
bool IsTableFile(const std::string& path) {
  return IsOurDataFile(path) || EndsWith(path, ".avro") || EndsWith(path, ".metadata.json") ||
         EndsWith(path, ".tmp");
}

}  // namespace

namespace {

/// "statistics-path" of each, in statistics and partition-statistics.
void AddStatistics(const std::string& json, std::vector<std::string>* paths) {
  const auto all = nlohmann::json::parse(json, nullptr, false);
  if (!all.is_array()) return;
  for (const auto& each : all) {
    const auto path = each.is_object() ? each.find("statistics-path") : each.end();
    if (each.is_object() && path != each.end() && path->is_string())
      paths->push_back(path->get<std::string>());
  }
}

}  // namespace

Result<TableFiles> FindAllFiles(storage::FileSystem& files, const LoadedTable& table) {
  const TableMetadata& metadata = *table.metadata;
  std::vector<std::string> all;
  CDC_ASSIGN(const Manifests manifests, ManifestsOf(files, metadata.snapshots, Missing::kNothing));
  // Also what a commit took out of the table: nothing that is needed lies in the table's own folder.
  CDC_TRY(EachEntry(files, manifests, Missing::kNothing,
                    [&](const ManifestEntry& entry) { all.push_back(entry.file.file_path); }));
  for (const auto& [key, manifest] : manifests) all.push_back(manifest.manifest_path);
  for (const SnapshotPtr& snapshot : metadata.snapshots) all.push_back(snapshot->manifest_list);
  AddStatistics(metadata.statistics_json, &all);
  AddStatistics(metadata.partition_statistics_json, &all);
  for (const MetadataLogEntry& old : metadata.metadata_log) all.push_back(old.metadata_file);
  all.push_back(table.metadata_location);
  TableFiles found;
  std::unordered_set<std::string> seen;
  for (std::string& path : all) {
    if (path.empty() || !seen.insert(path).second) continue;
    (IsOwnFile(metadata, path) ? found.own : found.other).push_back(std::move(path));
  }
  return found;
}

Result<std::vector<std::string>> FindOrphans(Catalog& catalog, storage::FileSystem& files,
                                             const LoadedTable& table, int64_t older_than_ms) {
  const TableMetadata& metadata = *table.metadata;
  if (!MayCollect(metadata) || !HasOwnFolder(metadata)) return std::vector<std::string>();
  // Listed first: what is written after this is younger than anything that we look at.
  CDC_ASSIGN(const std::vector<storage::FileInfo> listed, files.List(metadata.folder()));
  const Status deletable = CheckDeletable(catalog, files, table, listed);
  if (!deletable && deletable.error().kind == ErrorKind::kUnsupported) return std::vector<std::string>();
  CDC_TRY(deletable);
  std::unordered_set<std::string> reachable;
  for (const SnapshotPtr& snapshot : metadata.snapshots) reachable.insert(Spelling(snapshot->manifest_list));
  CDC_ASSIGN(const Manifests manifests, ManifestsOf(files, metadata.snapshots, Missing::kError));
  reachable.insert(Spelling(table.metadata_location));
  for (const MetadataLogEntry& old : metadata.metadata_log) reachable.insert(Spelling(old.metadata_file));
  for (const auto& [key, manifest] : manifests) reachable.insert(key);
  CDC_TRY(EachEntry(files, manifests, Missing::kError, [&](const ManifestEntry& entry) {
    if (entry.status != EntryStatus::kDeleted) reachable.insert(Spelling(entry.file.file_path));
  }));
  std::vector<std::string> orphans;
  for (const storage::FileInfo& file : listed) {
    if (file.modified_ms >= older_than_ms || !IsTableFile(file.path)) continue;
    if (reachable.count(Spelling(file.path)) == 0) orphans.push_back(file.path);
  }
  KeepOwnFiles(metadata, &orphans);
  return orphans;
}

}  // namespace cdc::iceberg
