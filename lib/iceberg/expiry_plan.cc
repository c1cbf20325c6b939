#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "lib/iceberg/expire.h"

namespace cdc::iceberg {
namespace {

class Planner {
 public:
  Planner(const TableMetadata& metadata, const ExpiryPolicy& policy, int64_t now_ms)
      : metadata_(metadata), policy_(policy), now_ms_(now_ms) {
    for (const SnapshotPtr& s : metadata.snapshots) by_id_[s->snapshot_id] = s.get();
  }

  std::vector<int64_t> Plan() {
    for (const auto& [name, ref] : metadata_.refs) {
      kept_.insert(ref.snapshot_id);
      if (ref.type == "branch") KeepBranch(ref, name == kMainBranch);
    }
    std::vector<int64_t> expired;
    for (const SnapshotPtr& s : metadata_.snapshots) {
      const bool loose = in_branch_.count(s->snapshot_id) == 0;
      const bool young_loose = loose && now_ms_ - s->timestamp_ms <= policy_.max_age_ms;
      if (kept_.count(s->snapshot_id) == 0 && !young_loose) expired.push_back(s->snapshot_id);
    }
    return expired;
  }

 private:
  void KeepBranch(const SnapshotRef& head, bool main) {
    const int64_t max_age = head.max_snapshot_age_ms.value_or(policy_.max_age_ms);
    const int64_t least = std::max(1, head.min_snapshots_to_keep.value_or(policy_.min_snapshots));
    const int64_t most = policy_.max_snapshots == 0 ? std::numeric_limits<int64_t>::max()
                                                    : std::max<int64_t>(policy_.max_snapshots, least);
    // Everything from main's head back to the marker stays: a gap would cut the way to it.
    const SnapshotPtr marker = main && !policy_.keep_summary_key.empty()
                                   ? metadata_.NewestAncestorWith(policy_.keep_summary_key)
                                   : nullptr;
    bool before_marker = marker == nullptr;
    int64_t depth = 0;
    bool keeping = true;
    for (const Snapshot* s = Find(head.snapshot_id); s != nullptr && depth <= Count(); ++depth) {
      in_branch_.insert(s->snapshot_id);
      const bool young = now_ms_ - s->timestamp_ms <= max_age && depth < most;
      keeping = keeping && (depth < least || young);
      if (keeping || !before_marker) kept_.insert(s->snapshot_id);
      before_marker = before_marker || s == marker.get();
      s = s->parent_snapshot_id ? Find(*s->parent_snapshot_id) : nullptr;
    }
  }

  const Snapshot* Find(int64_t id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
  }
  int64_t Count() const { return static_cast<int64_t>(by_id_.size()); }

  const TableMetadata& metadata_;
  const ExpiryPolicy& policy_;
  int64_t now_ms_;
  std::unordered_map<int64_t, const Snapshot*> by_id_;
  std::unordered_set<int64_t> kept_;
  std::unordered_set<int64_t> in_branch_;
};

}  // namespace

std::vector<int64_t> PlanExpiry(const TableMetadata& metadata, const ExpiryPolicy& policy, int64_t now_ms) {
  return Planner(metadata, policy, now_ms).Plan();
}

TableCommit ExpiryCommit(const TableMetadata& base, const std::vector<int64_t>& expired) {
  TableCommit commit;
  commit.requirements.push_back(AssertTableUuid{base.table_uuid});
  // A reference that moved since, or a new one, might reach what is about to be deleted.
  for (const auto& [name, ref] : base.refs)
    commit.requirements.push_back(AssertRefSnapshotId{name, ref.snapshot_id});
  commit.updates.push_back(RemoveSnapshots{expired});
  return commit;
}

}  // namespace cdc::iceberg
