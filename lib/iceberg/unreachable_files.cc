#include <fmt/format.h>

#include <map>
#include <unordered_set>

#include "lib/iceberg/expire.h"
#include "lib/iceberg/manifest.h"

namespace cdc::iceberg {
namespace {

/// One spelling for one file: foreign engines write "file:///a" or "/a//b" for what is "/a/b" here. For
/// comparing only.
std::string Spelling(const std::string& path) {
  std::string_view rest = path;
  if (rest.substr(0, 5) == "file:") rest.remove_prefix(5);
  const size_t scheme = rest.find("://");
  std::string out(scheme == std::string_view::npos ? std::string_view() : rest.substr(0, scheme + 3));
  rest.remove_prefix(out.size());
  for (const char c : rest) {
    if (c == '/' && !out.empty() && out.back() == '/') continue;
    out.push_back(c);
  }
  return out;
}

Result<std::vector<ManifestFile>> ReadList(storage::FileSystem& files, const Snapshot& snapshot) {
  CDC_ASSIGN(const std::string bytes, files.ReadAll(snapshot.manifest_list));
  return DecodeManifestList(bytes);
}

Result<std::vector<ManifestEntry>> ReadManifest(storage::FileSystem& files, const ManifestFile& manifest) {
  CDC_ASSIGN(const std::string bytes, files.ReadAll(manifest.manifest_path));
  return DecodeManifest(bytes, manifest);
}

/// What the remaining snapshots need must be readable, or nothing may be deleted.
Error CannotTell(Error error, const std::string& path) {
  if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kCorrupt;
  error.message = fmt::format("finding out what {} needs: {}", path, error.message);
  return error;
}

using Manifests = std::map<std::string, ManifestFile>;  // by Spelling()

/// The manifests of the snapshots to be kept, and their lists.
Result<Manifests> KeptManifests(storage::FileSystem& files, const TableMetadata& metadata,
                                const std::unordered_set<int64_t>& expired,
                                std::unordered_set<std::string>* lists) {
  Manifests kept;
  for (const SnapshotPtr& snapshot : metadata.snapshots) {
    if (expired.count(snapshot->snapshot_id) != 0) continue;
    lists->insert(Spelling(snapshot->manifest_list));
    auto manifests = ReadList(files, *snapshot);
    if (!manifests) return CannotTell(manifests.error(), snapshot->manifest_list);
    for (ManifestFile& m : *manifests) {
      std::string key = Spelling(m.manifest_path);
      kept.emplace(std::move(key), std::move(m));
    }
  }
  return kept;
}

/// A file of an expired snapshot that is already gone was deleted by an attempt that did not get to its end.
template <typename T>
Result<std::vector<T>> EmptyIfGone(Result<std::vector<T>> result) {
  if (!result && result.error().kind == ErrorKind::kNotFound) return std::vector<T>();
  return result;
}

}  // namespace

Result<std::vector<std::string>> FindUnreachable(storage::FileSystem& files, const TableMetadata& metadata,
                                                 const std::vector<int64_t>& expired_ids) {
  const std::unordered_set<int64_t> expired(expired_ids.begin(), expired_ids.end());
  std::unordered_set<std::string> kept_lists;
  CDC_ASSIGN(const Manifests kept, KeptManifests(files, metadata, expired, &kept_lists));
  Manifests gone;
  std::vector<std::string> lists;
  for (const SnapshotPtr& snapshot : metadata.snapshots) {
    if (expired.count(snapshot->snapshot_id) == 0) continue;
    CDC_ASSIGN(std::vector<ManifestFile> manifests, EmptyIfGone(ReadList(files, *snapshot)));
    for (ManifestFile& m : manifests) {
      std::string key = Spelling(m.manifest_path);
      if (kept.count(key) == 0) gone.emplace(std::move(key), std::move(m));
    }
    if (kept_lists.count(Spelling(snapshot->manifest_list)) == 0) lists.push_back(snapshot->manifest_list);
  }
  // Spelling → path of each file that an expired snapshot lists and that may be listed by none of the kept.
  std::map<std::string, std::string> candidates;
  for (const auto& [key, manifest] : gone) {
    CDC_ASSIGN(const std::vector<ManifestEntry> entries, EmptyIfGone(ReadManifest(files, manifest)));
    for (const ManifestEntry& entry : entries)
      candidates.emplace(Spelling(entry.file.file_path), entry.file.file_path);
  }
  for (const auto& [key, manifest] : kept) {
    if (candidates.empty()) break;
    auto entries = ReadManifest(files, manifest);
    if (!entries) return CannotTell(entries.error(), manifest.manifest_path);
    for (const ManifestEntry& entry : *entries) {
      if (entry.status != EntryStatus::kDeleted) candidates.erase(Spelling(entry.file.file_path));
    }
  }
  std::vector<std::string> unreachable;
  for (auto& [key, path] : candidates) unreachable.push_back(std::move(path));
  for (const auto& [key, manifest] : gone) unreachable.push_back(manifest.manifest_path);
  unreachable.insert(unreachable.end(), lists.begin(), lists.end());
  return unreachable;
}

namespace {

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Of the shapes that we write; whatever else somebody keeps in the folder is none of our business.
bool IsTableFile(const std::string& path) {
  return EndsWith(path, ".parquet") || EndsWith(path, ".avro") || EndsWith(path, ".metadata.json") ||
         EndsWith(path, ".tmp");
}

}  // namespace

Result<std::vector<std::string>> FindOrphans(storage::FileSystem& files, const LoadedTable& table,
                                             int64_t older_than_ms) {
  const TableMetadata& metadata = *table.metadata;
  // Listed first: what is written after this is younger than anything that we look at.
  CDC_ASSIGN(const std::vector<storage::FileInfo> listed, files.List(metadata.location));
  std::unordered_set<std::string> reachable;
  CDC_ASSIGN(const Manifests manifests, KeptManifests(files, metadata, {}, &reachable));
  reachable.insert(Spelling(table.metadata_location));
  for (const MetadataLogEntry& old : metadata.metadata_log) reachable.insert(Spelling(old.metadata_file));
  for (const auto& [key, manifest] : manifests) {
    reachable.insert(key);
    auto entries = ReadManifest(files, manifest);
    if (!entries) return CannotTell(entries.error(), manifest.manifest_path);
    for (const ManifestEntry& entry : *entries) {
      if (entry.status != EntryStatus::kDeleted) reachable.insert(Spelling(entry.file.file_path));
    }
  }
  std::vector<std::string> orphans;
  for (const storage::FileInfo& file : listed) {
    if (file.modified_ms >= older_than_ms || !IsTableFile(file.path)) continue;
    if (reachable.count(Spelling(file.path)) == 0) orphans.push_back(file.path);
  }
  return orphans;
}

}  // namespace cdc::iceberg
