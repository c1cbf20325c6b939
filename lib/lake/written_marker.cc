#include "lib/lake/written_marker.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/contract/names.h"

namespace cdc::lake {
namespace {

using iceberg::SnapshotPtr;
using iceberg::TableMetadata;

const std::string kOffsets(contract::kSummaryOffsets);

/// Older metadata files that are looked at, at most: each may be some hundred kilobytes.
constexpr size_t kMostOlder = 100;

struct Mirror {
  int64_t snapshot_id = 0;      // 0: there is none
  int64_t sequence_number = 0;  // 0: not written down, by older versions
  std::string table_uuid;       // the same
};

Mirror MirrorIn(const TableMetadata& metadata) {
  if (metadata.Property(kOffsets, "").empty()) return {};
  // Without a snapshot's id it is of nobody's making; no snapshot has this one.
  return {metadata.IntProperty(std::string(contract::kMirrorSnapshot), -1),
          metadata.IntProperty(std::string(contract::kMirrorSequence), 0),
          metadata.Property(std::string(contract::kMirrorTable), "")};
}

std::map<std::string, std::string> Mirrored(const TableMetadata& metadata) {
  std::map<std::string, std::string> summary;
  for (const std::string_view each : contract::kMirrored) {
    const std::string name(each);
    if (std::string text = metadata.Property(name, ""); !text.empty()) summary[name] = std::move(text);
  }
  return summary;
}

std::map<std::string, std::string> OursOf(const iceberg::Snapshot& snapshot) {
  std::map<std::string, std::string> ours;
  for (const auto& [key, value] : snapshot.summary) {
    if (key.starts_with("cdc.")) ours[key] = value;
  }
  return ours;
}

/// A walk from the newest snapshot back through its parents, from one list of snapshots to an older one.
class Descent {
 public:
  explicit Descent(const TableMetadata& metadata) : next_(metadata.current_snapshot_id) {}

  /// Goes on through the snapshots that `metadata` lists, up to the first one with a marker.
  void GoOn(const TableMetadata& metadata) {
    while (next_ && marked_ == nullptr && passed_.size() <= kMostSnapshots) {
      SnapshotPtr snapshot = metadata.FindSnapshot(*next_);
      if (snapshot == nullptr) return;
      if (snapshot->FindSummary(kOffsets) != nullptr) {
        marked_ = std::move(snapshot);
        return;
      }
      next_ = snapshot->parent_snapshot_id;
      passed_.push_back(std::move(snapshot));
    }
  }

  const SnapshotPtr& marked() const { return marked_; }
  const std::vector<SnapshotPtr>& passed() const { return passed_; }
  /// Not listed; nothing: the line of snapshots has begun without a marker.
  const std::optional<int64_t>& next() const { return next_; }
  bool Meets(int64_t snapshot_id) const {
    return next_ == snapshot_id || std::any_of(passed_.begin(), passed_.end(), [&](const SnapshotPtr& s) {
             return s->snapshot_id == snapshot_id;
           });
  }

 private:
  static constexpr size_t kMostSnapshots = 100'000;  // foreign metadata may name each other in a circle
  std::optional<int64_t> next_;
  std::vector<SnapshotPtr> passed_;
  SnapshotPtr marked_;
};

/// Others may have expired what the present snapshot comes from; the metadata files from before list it.
Status ReadOlder(const TableMetadata& metadata, storage::FileSystem& files, int64_t mirrored,
                 Descent* descent) {
  size_t read = 0;
  for (auto entry = metadata.metadata_log.rbegin();
       entry != metadata.metadata_log.rend() && read < kMostOlder; ++entry, ++read) {
    if (descent->marked() != nullptr || !descent->next() || descent->Meets(mirrored)) return {};
    auto bytes = files.ReadAll(entry->metadata_file);
    if (!bytes && bytes.error().kind == ErrorKind::kTransient) return bytes.error();
    if (!bytes) continue;
    const auto older = iceberg::ParseTableMetadata(*bytes, &metadata);
    if (older && older->table_uuid == metadata.table_uuid) descent->GoOn(*older);
  }
  return {};
}

Error OtherRows(const TableMetadata& metadata, const std::string& why) {
  return Error{ErrorKind::kUnsupported,
               fmt::format("the table at {} was replaced, rolled back or made anew by another engine: {}",
                           metadata.location, why)};
}

bool AnyMarked(const TableMetadata& metadata) {
  return std::any_of(metadata.snapshots.begin(), metadata.snapshots.end(),
                     [](const SnapshotPtr& s) { return s->FindSummary(kOffsets) != nullptr; });
}

/// Nothing shows the way from the present snapshot back to the mirrored one. What still contradicts it?
std::string Contradiction(const TableMetadata& metadata, const Mirror& mirror, const Descent& descent) {
  const SnapshotPtr current = metadata.current_snapshot();
  if (!descent.next())
    return fmt::format("its line of snapshots begins without snapshot {}", mirror.snapshot_id);
  if (metadata.FindSnapshot(mirror.snapshot_id) != nullptr)
    return fmt::format("snapshot {} is there, but not in its line", mirror.snapshot_id);
  if (current != nullptr && mirror.sequence_number > 0 && current->sequence_number <= mirror.sequence_number)
    return fmt::format("its present snapshot {} is older than snapshot {}", current->snapshot_id,
                       mirror.snapshot_id);
  return "";
}

}  // namespace

Result<std::optional<WrittenMarker>> FindMarker(const TableMetadata& metadata, storage::FileSystem& files,
                                                const std::function<bool()>& holds_our_files) {
  const Mirror mirror = MirrorIn(metadata);
  Descent descent(metadata);
  descent.GoOn(metadata);
  if (descent.marked() == nullptr && descent.next() && !descent.Meets(mirror.snapshot_id)) {
    CDC_TRY(ReadOlder(metadata, files, mirror.snapshot_id, &descent));
  }
  if (descent.marked() != nullptr)
    return std::optional(WrittenMarker{OursOf(*descent.marked()), descent.passed()});
  if (mirror.snapshot_id == 0) {
    if (!AnyMarked(metadata)) return std::optional<WrittenMarker>();
    return OtherRows(metadata,
                     "snapshots that say how far its topic was read are there, but not in its line");
  }
  if (!mirror.table_uuid.empty() && mirror.table_uuid != metadata.table_uuid) {
    return OtherRows(metadata, "what says how far its topic was read was written for table " +
                                   mirror.table_uuid + ", this one is " + metadata.table_uuid);
  }
  if (!descent.Meets(mirror.snapshot_id)) {
    std::string why = Contradiction(metadata, mirror, descent);
    if (why.empty() && !(holds_our_files && holds_our_files()))
      why = fmt::format("nothing shows that its rows come from snapshot {}", mirror.snapshot_id);
    if (!why.empty())
      return OtherRows(metadata, why + ", with which it was written how far its topic was read");
  }
  return std::optional(WrittenMarker{Mirrored(metadata), descent.passed()});
}

std::map<std::string, std::string> MirrorOf(const iceberg::Snapshot& snapshot, const std::string& uuid) {
  std::map<std::string, std::string> properties = {
      {std::string(contract::kMirrorSnapshot), std::to_string(snapshot.snapshot_id)},
      {std::string(contract::kMirrorSequence), std::to_string(snapshot.sequence_number)},
      {std::string(contract::kMirrorTable), uuid}};
  for (const std::string_view each : contract::kMirrored) {
    const std::string name(each);
    const std::string* text = snapshot.FindSummary(name);
    properties[name] = text == nullptr ? "" : *text;
  }
  return properties;
}

bool IsMirrored(const TableMetadata& metadata, const iceberg::Snapshot& snapshot) {
  const auto wanted = MirrorOf(snapshot, metadata.table_uuid);
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& property) {
    return metadata.Property(property.first, "") == property.second;
  });
}

}  // namespace cdc::lake
