#include <algorithm>
#include <iterator>
#include <map>

#include "lib/iceberg/manifest_plan_internal.h"

namespace cdc::iceberg {
namespace {

using Entries = std::vector<LiveFiles::Entry>;

/// A changed manifest with more survivors is rewritten by itself, so that the next commits, which tend to
/// remove the newest files again, need not rewrite those survivors with them.
constexpr size_t kSmall = 64;

void MoveInto(Entries* to, Entries from) {
  to->insert(to->end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Size class: up to 8, 64, 512, 4096 live entries.
int TierOf(size_t live) {
  int tier = 0;
  for (size_t limit = 8; live > limit; limit *= 8) ++tier;
  return tier;
}

void MergeInto(PlannedManifest* to, PlannedManifest from) {
  if (from.carried != nullptr) {
    to->existing.insert(to->existing.end(), from.carried->entries.begin(), from.carried->entries.end());
    return;
  }
  MoveInto(&to->added, std::move(from.added));
  MoveInto(&to->existing, std::move(from.existing));
  MoveInto(&to->deleted, std::move(from.deleted));
}

void MergeTiers(ManifestContent content, std::vector<PlannedManifest>* plan) {
  for (int tier = 0; tier <= TierOf(kMaxMergedEntries); ++tier) {
    const auto in_tier = [&](const PlannedManifest& m) {
      return m.content == content && m.live() <= kMaxMergedEntries && TierOf(m.live()) == tier;
    };
    if (static_cast<size_t>(std::count_if(plan->begin(), plan->end(), in_tier)) < kMergeAt) continue;
    PlannedManifest merged;
    merged.content = content;
    std::vector<PlannedManifest> rest;
    for (PlannedManifest& manifest : *plan) {
      if (in_tier(manifest)) {
        MergeInto(&merged, std::move(manifest));
      } else {
        rest.push_back(std::move(manifest));
      }
    }
    rest.push_back(std::move(merged));
    *plan = std::move(rest);
  }
}

ManifestContent ContentOf(const LiveFiles::Entry& entry) {
  return entry->file.content == FileContent::kData ? ManifestContent::kData : ManifestContent::kDeletes;
}

}  // namespace

std::vector<PlannedManifest> PlanManifests(const LiveFiles& live, const Entries& added,
                                           const Entries& removed) {
  std::unordered_set<const ManifestEntry*> gone;
  std::unordered_set<const LiveManifest*> touched;
  for (const LiveFiles::Entry& entry : removed) {
    gone.insert(entry.get());
    touched.insert(live.ManifestOf(*entry));
  }
  std::map<ManifestContent, PlannedManifest> fresh;
  for (const LiveFiles::Entry& entry : added) fresh[ContentOf(entry)].added.push_back(entry);

  std::vector<PlannedManifest> plan;
  for (const LiveManifestPtr& manifest : live.manifests()) {
    if (manifest->entries.empty()) continue;
    PlannedManifest next;
    next.content = manifest->file.content;
    if (touched.count(manifest.get()) == 0) {
      next.carried = manifest;
      plan.push_back(std::move(next));
      continue;
    }
    for (const LiveFiles::Entry& entry : manifest->entries) {
      (gone.count(entry.get()) != 0 ? next.deleted : next.existing).push_back(entry);
    }
    if (next.existing.size() <= kSmall) {
      MergeInto(&fresh[next.content], std::move(next));
    } else {
      plan.push_back(std::move(next));
    }
  }
  for (auto& [content, manifest] : fresh) {
    manifest.content = content;
    plan.push_back(std::move(manifest));
  }
  // A snapshot that changes no file keeps its parent's manifests as they are.
  if (added.empty() && removed.empty()) return plan;
  MergeTiers(ManifestContent::kData, &plan);
  MergeTiers(ManifestContent::kDeletes, &plan);
  return plan;
}

}  // namespace cdc::iceberg
