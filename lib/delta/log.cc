#include "lib/delta/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/delta/checkpoint.h"

namespace cdc::delta {
namespace {

constexpr const char* kLastCheckpoint = "_last_checkpoint";
constexpr size_t kDigits = 20;

/// What a file of the log is, by its name.
struct LogFile {
  int64_t version = -1;  ///< −1: none of those below
  bool commit = false;
  int part = 0, parts = 0;  ///< of a checkpoint; parts 0: it is none
};

LogFile FileFor(const std::string& name) {
  LogFile file;
  if (name.size() < kDigits + 5 ||
      !std::all_of(name.begin(), name.begin() + kDigits, [](char c) { return c >= '0' && c <= '9'; }))
    return file;
  const std::string rest = name.substr(kDigits);
  int part = 0, parts = 0;
  char end = 0;
  if (rest == ".json") {
    file.commit = true;
  } else if (rest == ".checkpoint.parquet") {
    file.part = file.parts = 1;
  } else if (std::sscanf(rest.c_str(), ".checkpoint.%10d.%10d.parquet%c", &part, &parts, &end) == 2 &&
             part >= 1 && part <= parts) {
    file.part = part;
    file.parts = parts;
  } else {
    return file;
  }
  file.version = std::stoll(name.substr(0, kDigits));
  return file;
}

/// Versions and checkpoints in a folder.
struct Listing {
  std::map<int64_t, storage::FileInfo> commits;
  std::map<int64_t, std::vector<std::string>> checkpoints;  ///< complete ones; their parts
};

Listing Sort(const std::vector<storage::FileInfo>& files, const std::string& folder) {
  Listing listing;
  std::map<std::pair<int64_t, int>, std::map<int, std::string>> found;  // version, parts → part → path
  for (const storage::FileInfo& info : files) {
    const size_t slash = info.path.rfind('/');
    if (slash == std::string::npos || info.path.substr(0, slash) != folder) continue;
    const LogFile file = FileFor(info.path.substr(slash + 1));
    if (file.commit) listing.commits[file.version] = info;
    if (file.parts > 0) found[{file.version, file.parts}][file.part] = info.path;
  }
  for (const auto& [which, parts] : found) {
    if (static_cast<int>(parts.size()) != which.second) continue;
    auto& paths = listing.checkpoints[which.first];
    paths.clear();
    for (const auto& [part, path] : parts) paths.push_back(path);
  }
  return listing;
}

std::string CheckpointName(const std::string& folder, int64_t version) {
  return fmt::format("{}/{:020d}.checkpoint.parquet", folder, version);
}

}  // namespace

std::string Log::CommitPath(int64_t version) const {
  return fmt::format("{}/{:020d}.json", folder(), version);
}

Result<std::vector<Action>> Log::Read(int64_t version) const {
  CDC_ASSIGN(const std::string text, files_.ReadAll(CommitPath(version)));
  return DecodeActions(text);
}

Status Log::Write(int64_t version, const std::vector<Action>& actions) const {
  return files_.WriteNew(CommitPath(version), EncodeActions(actions));
}

std::optional<int64_t> Log::LastCheckpoint() const {
  const auto text = files_.ReadAll(folder() + "/" + kLastCheckpoint);
  if (!text) return std::nullopt;
  const auto parsed = nlohmann::json::parse(*text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("version") || !parsed["version"].is_number_integer())
    return std::nullopt;
  return parsed["version"].get<int64_t>();
}

/// From the noted checkpoint, without a listing, which a log of many commits makes long. The note is believed
/// only where the commit of its version is there: then nothing behind it has been cleaned up.
Result<Snapshot> Log::Load(const Visit& visit) const {
  if (const auto noted = LastCheckpoint(); noted && files_.Open(CommitPath(*noted))) {
    auto loaded = LoadFrom(*noted, {CheckpointName(folder(), *noted)}, visit);
    if (loaded || (loaded.error().kind != ErrorKind::kNotFound && loaded.error().kind != ErrorKind::kCorrupt))
      return loaded;
  }
  return LoadByListing(visit);
}

/// \param checkpoint −1: none
Result<Snapshot> Log::LoadFrom(int64_t checkpoint, const std::vector<std::string>& parts,
                               const Visit& visit) const {
  Snapshot snapshot(root_);
  for (const std::string& path : parts) {
    CDC_ASSIGN(auto file, files_.Open(path));
    CDC_ASSIGN(const auto actions, DecodeCheckpoint(std::move(file)));
    CDC_TRY(snapshot.Apply(checkpoint, actions));
  }
  for (int64_t next = checkpoint + 1;; ++next) {
    const auto actions = Read(next);
    if (!actions && actions.error().kind == ErrorKind::kNotFound) break;
    if (!actions) return actions.error();
    if (visit) visit(snapshot, next, *actions);
    CDC_TRY(snapshot.Apply(next, *actions));
  }
  if (!snapshot.protocol() || !snapshot.metadata())
    return Error{ErrorKind::kCorrupt,
                 "the log of " + root_ + " has neither protocol nor metadata at its beginning"};
  return snapshot;
}

Result<Snapshot> Log::LoadByListing(const Visit& visit) const {
  CDC_ASSIGN(const auto files, files_.List(folder()));
  const Listing listing = Sort(files, folder());
  if (listing.commits.empty() && listing.checkpoints.empty())
    return Error{ErrorKind::kNotFound, "there is no Delta table in " + root_};
  const int64_t newest = listing.commits.empty() ? -1 : listing.commits.rbegin()->first;
  Result<Snapshot> loaded = Error{ErrorKind::kCorrupt, "the log of " + root_ + " has no beginning"};
  for (auto each = listing.checkpoints.rbegin(); each != listing.checkpoints.rend(); ++each) {
    loaded = LoadFrom(each->first, each->second, visit);
    if (loaded || loaded.error().kind != ErrorKind::kCorrupt) break;
  }
  if (!loaded && loaded.error().kind == ErrorKind::kCorrupt && listing.commits.contains(0))
    loaded = LoadFrom(-1, {}, visit);
  if (loaded && loaded->version() < newest)
    return Error{ErrorKind::kCorrupt,
                 fmt::format("the log of {} lacks version {}", root_, loaded->version() + 1)};
  return loaded;
}

Status Log::WriteCheckpoint(const Snapshot& snapshot) const {
  const auto actions = snapshot.Actions();
  CDC_ASSIGN(const std::string bytes, EncodeCheckpoint(actions));
  CDC_TRY(files_.WriteAll(CheckpointName(folder(), snapshot.version()), bytes));
  const nlohmann::json note = {{"version", snapshot.version()},
                               {"size", actions.size()},
                               {"sizeInBytes", bytes.size()},
                               {"numOfAddFiles", snapshot.files().size()}};
  const std::string path = folder() + "/" + kLastCheckpoint;
  // A local file is never replaced. Without a note readers list the log.
  CDC_TRY(files_.Delete(path));
  return files_.WriteAll(path, note.dump());
}

Result<size_t> Log::CleanUp(int64_t before_ms) const {
  CDC_ASSIGN(const auto files, files_.List(folder()));
  const Listing listing = Sort(files, folder());
  // "Metadata Cleanup": the newest checkpoint that is not newer than the newest commit to go stays, and what
  // follows it.
  int64_t cut = -1;
  for (const auto& [version, info] : listing.commits) {
    if (info.modified_ms >= before_ms) break;
    cut = version;
  }
  const auto after = listing.checkpoints.upper_bound(cut);
  if (cut < 0 || after == listing.checkpoints.begin()) return size_t{0};
  const int64_t kept = std::prev(after)->first;
  size_t deleted = 0;
  for (const auto& [version, info] : listing.commits) {
    if (version >= kept) break;
    CDC_TRY(files_.Delete(info.path));
    ++deleted;
  }
  for (const auto& [version, paths] : listing.checkpoints) {
    if (version >= kept) break;
    for (const std::string& path : paths) {
      CDC_TRY(files_.Delete(path));
      ++deleted;
    }
  }
  return deleted;
}

}  // namespace cdc::delta
