#include "lib/iceberg/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/iceberg/random_internal.h"

namespace cdc::iceberg {
namespace {

uint64_t Random64() {
  uint64_t value = 0;
  RandomBytes(&value, sizeof value);
  return value;
}

}  // namespace

const std::string* Snapshot::FindSummary(const std::string& key) const {
  const auto it = summary.find(key);
  return it == summary.end() ? nullptr : &it->second;
}

SnapshotPtr TableMetadata::FindSnapshot(int64_t snapshot_id) const {
  // Newest last: what is asked for is nearly always near the end.
  const auto it = std::find_if(snapshots.rbegin(), snapshots.rend(),
                               [&](const SnapshotPtr& s) { return s->snapshot_id == snapshot_id; });
  return it == snapshots.rend() ? nullptr : *it;
}

SnapshotPtr TableMetadata::current_snapshot() const {
  return current_snapshot_id ? FindSnapshot(*current_snapshot_id) : nullptr;
}

namespace {

/// Walks from the head to its parents; `visit` returns true to stop there. Bounded by the number of
/// snapshots, so a foreign cycle ends. Parents usually come right before their children in the list.
template <typename Visit>
SnapshotPtr WalkHistory(const TableMetadata& metadata, Visit visit) {
  if (!metadata.current_snapshot_id) return nullptr;
  const auto& all = metadata.snapshots;
  int64_t wanted = *metadata.current_snapshot_id;
  size_t from = all.size();
  for (size_t steps = 0; steps < all.size(); ++steps) {
    size_t at = from;
    while (at > 0 && all[at - 1]->snapshot_id != wanted) --at;
    if (at == 0) {
      at = all.size();
      while (at > from && all[at - 1]->snapshot_id != wanted) --at;
      if (at == from) return nullptr;
    }
    const SnapshotPtr& snapshot = all[at - 1];
    if (visit(*snapshot)) return snapshot;
    if (!snapshot->parent_snapshot_id) return nullptr;
    wanted = *snapshot->parent_snapshot_id;
    from = at - 1;
  }
  return nullptr;
}

}  // namespace

SnapshotPtr TableMetadata::NewestAncestorWith(const std::string& key) const {
  return WalkHistory(*this, [&](const Snapshot& s) { return s.FindSummary(key) != nullptr; });
}

bool TableMetadata::HistoryContains(int64_t snapshot_id) const {
  return WalkHistory(*this, [&](const Snapshot& s) { return s.snapshot_id == snapshot_id; }) != nullptr;
}

Result<rows::Schema> TableMetadata::CurrentSchema() const {
  for (const StoredSchema& stored : schemas) {
    if (stored.schema_id != current_schema_id) continue;
    if (stored.unsupported.empty()) return stored.schema;
    return Error{ErrorKind::kUnsupported, fmt::format("the schema of the table at {} cannot be used: {}",
                                                      location, stored.unsupported)};
  }
  return Error{ErrorKind::kCorrupt,
               fmt::format("the table at {} has no schema {}, its current one", location, current_schema_id)};
}

std::string TableMetadata::folder() const { return location.substr(0, location.find_last_not_of('/') + 1); }

std::vector<ForeignColumn> TableMetadata::ForeignColumns() const {
  for (const StoredSchema& stored : schemas) {
    if (stored.schema_id == current_schema_id) return stored.foreign;
  }
  return {};
}

std::string TableMetadata::Property(const std::string& key, const std::string& fallback) const {
  const auto it = properties.find(key);
  return it == properties.end() ? fallback : it->second;
}

int64_t TableMetadata::IntProperty(const std::string& key, int64_t fallback) const {
  const auto it = properties.find(key);
  if (it == properties.end()) return fallback;
  int64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  const auto parsed = std::from_chars(it->second.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? value : fallback;
}

int64_t NewSnapshotId(const TableMetadata& metadata) {
  while (true) {
    const int64_t id = static_cast<int64_t>(Random64() >> 1);
    if (id != 0 && metadata.FindSnapshot(id) == nullptr) return id;
  }
}

std::string NewUuid() {
  const uint64_t high = (Random64() & ~uint64_t{0xF000}) | 0x4000;
  const uint64_t low = (Random64() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF,
                     low >> 48, low & 0xFFFFFFFFFFFF);
}

}  // namespace cdc::iceberg
