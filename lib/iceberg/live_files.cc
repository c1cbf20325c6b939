#include "lib/iceberg/live_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/iceberg/snapshot_writer.h"

namespace cdc::iceberg {
namespace {

/// Reserved field id of a position delete file's file_path column (specification, "Reserved Field IDs").
constexpr int32_t kDeleteFilePathId = 2147483546;

/// A file that a snapshot names and that is not there damages the table; everything else keeps its kind.
Result<std::string> ReadNamed(storage::FileSystem& files, const std::string& path) {
  auto bytes = files.ReadAll(path);
  if (bytes || bytes.error().kind != ErrorKind::kNotFound) return bytes;
  return Error{ErrorKind::kCorrupt,
               fmt::format("the table's current snapshot needs {}, which is missing", path)};
}

Error WithPath(Error error, const std::string& path) {
  error.message = fmt::format("{}: {}", path, error.message);
  return error;
}

}  // namespace

std::optional<std::string> ReferencedDataFile(const DataFile& position_deletes) {
  if (position_deletes.content != FileContent::kPositionDeletes) return std::nullopt;
  if (position_deletes.referenced_data_file) return position_deletes.referenced_data_file;
  const auto lower = position_deletes.lower_bounds.find(kDeleteFilePathId);
  const auto upper = position_deletes.upper_bounds.find(kDeleteFilePathId);
  if (lower == position_deletes.lower_bounds.end() || upper == position_deletes.upper_bounds.end())
    return std::nullopt;
  if (lower->second != upper->second) return std::nullopt;
  return lower->second;
}

Result<LiveFiles> LiveFiles::Load(storage::FileSystem& files, const TableMetadata& metadata) {
  LiveFiles live;
  live.snapshot_id_ = metadata.current_snapshot_id;
  const SnapshotPtr snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return live;
  CDC_ASSIGN(const std::string list, ReadNamed(files, snapshot->manifest_list));
  auto manifests = DecodeManifestList(list);
  if (!manifests) return WithPath(manifests.error(), snapshot->manifest_list);
  std::vector<LiveManifestPtr> loaded;
  for (ManifestFile& manifest : *manifests) {
    CDC_ASSIGN(const std::string bytes, ReadNamed(files, manifest.manifest_path));
    auto entries = DecodeManifest(bytes, manifest);
    if (!entries) return WithPath(entries.error(), manifest.manifest_path);
    auto one = std::make_shared<LiveManifest>();
    one->file = std::move(manifest);
    for (ManifestEntry& entry : *entries) {
      if (entry.status == EntryStatus::kDeleted) continue;
      one->entries.push_back(std::make_shared<const ManifestEntry>(std::move(entry)));
      CDC_TRY(live.Add(one->entries.back()));
    }
    loaded.push_back(std::move(one));
  }
  live.AdoptManifests(std::move(loaded));
  return live;
}

void LiveFiles::Advance(const StagedSnapshot& staged) {
  for (const Entry& entry : staged.removed) Remove(entry);
  // Staging has refused paths that are live.
  for (const Entry& entry : staged.added) (void)Add(entry);
  AdoptManifests(staged.manifests);
  snapshot_id_ = staged.snapshot.snapshot_id;
}

void LiveFiles::AdoptManifests(std::vector<LiveManifestPtr> manifests) {
  std::unordered_map<const LiveManifest*, bool> known;
  for (const LiveManifestPtr& old : manifests_) known[old.get()] = true;
  for (const LiveManifestPtr& manifest : manifests) {
    if (known.count(manifest.get()) != 0) continue;
    for (const Entry& entry : manifest->entries) homes_[entry.get()] = manifest.get();
  }
  manifests_ = std::move(manifests);
}

Status LiveFiles::Add(const Entry& entry) {
  const DataFile& file = entry->file;
  auto& map = file.content == FileContent::kData ? data_ : deletes_;
  if (!map.emplace(file.file_path, entry).second) {
    return Error{ErrorKind::kCorrupt, fmt::format("the table lists {} twice", file.file_path)};
  }
  totals_.bytes += file.file_size_in_bytes;
  switch (file.content) {
    case FileContent::kData:
      ++totals_.data_files;
      totals_.records += file.record_count;
      break;
    case FileContent::kPositionDeletes:
      ++totals_.delete_files;
      totals_.position_deletes += file.record_count;
      deletes_by_data_[ReferencedDataFile(file).value_or("")].push_back(entry);
      break;
    case FileContent::kEqualityDeletes:
      ++totals_.delete_files;
      totals_.equality_deletes += file.record_count;
      break;
  }
  return {};
}

void LiveFiles::Remove(const Entry& entry) {
  const DataFile& file = entry->file;
  auto& map = file.content == FileContent::kData ? data_ : deletes_;
  if (map.erase(file.file_path) == 0) return;
  homes_.erase(entry.get());
  totals_.bytes -= file.file_size_in_bytes;
  if (file.content == FileContent::kData) {
    --totals_.data_files;
    totals_.records -= file.record_count;
    return;
  }
  --totals_.delete_files;
  if (file.content == FileContent::kEqualityDeletes) {
    totals_.equality_deletes -= file.record_count;
    return;
  }
  totals_.position_deletes -= file.record_count;
  const auto of_data = deletes_by_data_.find(ReferencedDataFile(file).value_or(""));
  if (of_data == deletes_by_data_.end()) return;
  std::erase(of_data->second, entry);
  if (of_data->second.empty()) deletes_by_data_.erase(of_data);
}

LiveFiles::Entry LiveFiles::FindData(const std::string& path) const {
  const auto it = data_.find(path);
  return it == data_.end() ? nullptr : it->second;
}

LiveFiles::Entry LiveFiles::FindDelete(const std::string& path) const {
  const auto it = deletes_.find(path);
  return it == deletes_.end() ? nullptr : it->second;
}

std::vector<LiveFiles::Entry> LiveFiles::DeletesOf(const std::string& data_path) const {
  std::vector<Entry> found;
  for (const std::string& key : {data_path, std::string()}) {
    const auto it = deletes_by_data_.find(key);
    if (it != deletes_by_data_.end()) found.insert(found.end(), it->second.begin(), it->second.end());
  }
  return found;
}

const std::vector<LiveFiles::Entry>& LiveFiles::SharedDeletes() const {
  static const std::vector<Entry> none;
  const auto it = deletes_by_data_.find(std::string());
  return it == deletes_by_data_.end() ? none : it->second;
}

const LiveManifest* LiveFiles::ManifestOf(const ManifestEntry& entry) const {
  const auto it = homes_.find(&entry);
  return it == homes_.end() ? nullptr : it->second;
}

}  // namespace cdc::iceberg
