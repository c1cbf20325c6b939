#include "lib/iceberg/departed_files.h"

#include <algorithm>
#include <unordered_set>

namespace cdc::iceberg {

void DepartedFiles::Note(const LiveFiles& before, const StagedSnapshot& staged, const std::string& location) {
  Commit commit;
  commit.snapshot_id = staged.snapshot.snapshot_id;
  commit.parent_snapshot_id = staged.snapshot.parent_snapshot_id;
  const auto add = [&](const std::string& path) {
    // A path of several lines would read as several: such a commit is one that is not known.
    if (path.find('\n') != std::string::npos) return false;
    const bool inside = path.size() > location.size() && path[location.size()] == '/' &&
                        path.compare(0, location.size(), location) == 0;
    commit.paths.append(inside ? path.substr(location.size()) : "=" + path).push_back('\n');
    return true;
  };
  bool known = true;
  for (const LiveFiles::Entry& entry : staged.removed) known = known && add(entry->file.file_path);
  std::unordered_set<std::string> stay;
  for (const LiveManifestPtr& manifest : staged.manifests) stay.insert(manifest->file.manifest_path);
  for (const LiveManifestPtr& manifest : before.manifests()) {
    if (stay.count(manifest->file.manifest_path) == 0) known = known && add(manifest->file.manifest_path);
  }
  if (!known) return;
  commit.paths.shrink_to_fit();
  bytes_ += Cost(commit);
  commits_.push_back(std::move(commit));
  while (bytes_ > most_bytes_) DropOldest();
}

std::optional<std::vector<std::string>> DepartedFiles::Of(const Snapshot& snapshot,
                                                          const std::string& location) const {
  const auto found = std::find_if(commits_.begin(), commits_.end(), [&](const Commit& commit) {
    return commit.snapshot_id == snapshot.snapshot_id &&
           commit.parent_snapshot_id == snapshot.parent_snapshot_id;
  });
  if (found == commits_.end()) return std::nullopt;
  std::vector<std::string> paths;
  for (size_t at = 0, end; (end = found->paths.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string path = found->paths.substr(at, end - at);
    paths.push_back(path.front() == '=' ? path.substr(1) : location + path);
  }
  return paths;
}

void DepartedFiles::ForgetUpTo(int64_t id) {
  const auto found = std::find_if(commits_.begin(), commits_.end(),
                                  [&](const Commit& commit) { return commit.snapshot_id == id; });
  if (found == commits_.end()) return;
  for (auto count = found - commits_.begin() + 1; count > 0; --count) DropOldest();
}

void DepartedFiles::DropOldest() {
  bytes_ -= Cost(commits_.front());
  commits_.pop_front();
}

}  // namespace cdc::iceberg
