#pragma once

/// \file lib/iceberg/manifest_plan_internal.h
/// Which manifests a new snapshot consists of: those carried over and those to be written, for
/// StageSnapshot().

#include <unordered_set>
#include <vector>

#include "lib/iceberg/live_files.h"

namespace cdc::iceberg {

/// One manifest of the new snapshot. With `carried` it exists already and the rest is empty.
struct PlannedManifest {
  LiveManifestPtr carried;
  ManifestContent content = ManifestContent::kData;
  std::vector<LiveFiles::Entry> added;
  std::vector<LiveFiles::Entry> existing;
  std::vector<LiveFiles::Entry> deleted;

  /// Entries that will be live in it.
  size_t live() const {
    return carried != nullptr ? carried->entries.size() : added.size() + existing.size();
  }
};

/// Manifests without removed entries are carried over. Those with some are written again; small ones go
/// together with the added entries. Then manifests of about one size are merged whenever there are kMergeAt
/// of them, so that their number grows with the logarithm of the number of files and each entry is rewritten
/// a logarithmic number of times. Manifests that hold only entries deleted by an earlier snapshot are left
/// out. Pure.
std::vector<PlannedManifest> PlanManifests(const LiveFiles& live, const std::vector<LiveFiles::Entry>& added,
                                           const std::vector<LiveFiles::Entry>& removed);

/// Manifests of one size class that are merged into one.
inline constexpr size_t kMergeAt = 8;
/// Manifests with more live entries than this are never merged: about Java's target of 8 MB at 1 to 2 KB an
/// entry.
inline constexpr size_t kMaxMergedEntries = 4096;

}  // namespace cdc::iceberg
