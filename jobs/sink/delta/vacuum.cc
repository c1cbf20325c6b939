#include "jobs/sink/delta/vacuum.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <unordered_set>

namespace cdc::delta_sink {
namespace {

constexpr int64_t kDay = 86'400'000;
/// A commit in flight can still want a younger file.
constexpr int64_t kOrphanAge = 75 * 60'000;

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::string_view("0123456789abcdef").find(text[i]) == std::string_view::npos)
      return false;
  }
  return true;
}

enum class Kind { kNotOurs, kData, kVectors, kChanges };

/// \param name in the table's folder
Kind KindOf(std::string_view name) {
  constexpr std::string_view kFolder = "_change_data/", kVectors = "deletion_vector_";
  const auto between = [name](std::string_view before, std::string_view after) {
    return name.size() == before.size() + 36 + after.size() && name.starts_with(before) &&
           name.ends_with(after) && IsUuid(name.substr(before.size(), 36));
  };
  if (between("", "-data.parquet")) return Kind::kData;
  if (between(kVectors, ".bin")) return Kind::kVectors;
  return between(kFolder, "-changes.parquet") ? Kind::kChanges : Kind::kNotOurs;
}

Status AddVector(const std::optional<delta::DeletionVector>& vector, const std::string& root,
                 std::unordered_set<std::string>* needed) {
  if (!vector) return {};
  CDC_ASSIGN(const std::string path, delta::FileOf(*vector, root));
  if (!path.empty()) needed->insert(path);
  return {};
}

}  // namespace

int64_t IntervalMs(const std::string& text, int64_t otherwise) {
  static const std::map<std::string, int64_t> units = {{"week", 7 * kDay},  {"day", kDay},
                                                       {"hour", 3'600'000}, {"minute", 60'000},
                                                       {"second", 1'000},   {"millisecond", 1}};
  std::istringstream in(text);
  std::string word, unit;
  int64_t count = 0;
  if (!(in >> word) || (word == "interval" && !(in >> word))) return otherwise;
  char* end = nullptr;
  count = std::strtoll(word.c_str(), &end, 10);
  if (*end != '\0' || count < 0 || !(in >> unit) || (in >> word)) return otherwise;
  if (unit.ends_with('s')) unit.pop_back();
  const auto found = units.find(unit);
  return found == units.end() ? otherwise : count * found->second;
}

Retention RetentionOf(const delta::Metadata& metadata) {
  const auto property = [&metadata](const char* name) {
    const auto found = metadata.configuration.find(name);
    return found == metadata.configuration.end() ? std::string() : found->second;
  };
  // Delta's own defaults where nothing, or something else, is said.
  Retention retention;
  retention.files_ms = IntervalMs(property("delta.deletedFileRetentionDuration"), 7 * kDay);
  retention.versions_ms = IntervalMs(property("delta.logRetentionDuration"), 30 * kDay);
  return retention;
}

Result<std::vector<std::string>> FindUnneeded(const delta::Snapshot& snapshot,
                                              const std::vector<storage::FileInfo>& files, int64_t now_ms) {
  std::unordered_set<std::string> needed;
  for (const auto& [path, file] : snapshot.files()) {
    needed.insert(path);
    CDC_TRY(AddVector(file.add.vector, snapshot.root(), &needed));
  }
  const Retention retention = RetentionOf(*snapshot.metadata());
  for (const auto& [key, gone] : snapshot.removed()) {
    if (gone.deletion_timestamp.value_or(0) < now_ms - retention.files_ms) continue;
    CDC_ASSIGN(std::string path, snapshot.PathOf(gone.path));
    needed.insert(std::move(path));
    CDC_TRY(AddVector(gone.vector, snapshot.root(), &needed));
  }
  std::vector<std::string> unneeded;
  for (const storage::FileInfo& info : files) {
    if (info.path.size() <= snapshot.root().size() + 1 || needed.contains(info.path)) continue;
    int64_t age = kOrphanAge;
    switch (KindOf(std::string_view(info.path).substr(snapshot.root().size() + 1))) {
      case Kind::kNotOurs: continue;
      case Kind::kData: break;
      case Kind::kVectors: age = std::max(age, retention.files_ms); break;
      case Kind::kChanges: age = std::max({age, retention.files_ms, retention.versions_ms}); break;
    }
    if (info.modified_ms < now_ms - age) unneeded.push_back(info.path);
  }
  return unneeded;
}

}  // namespace cdc::delta_sink
