#include "jobs/sink/iceberg/rewrite_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "lib/iceberg/deletable.h"

namespace cdc::iceberg_sink {
namespace {

/// Files below this are of one tier, then each factor of four makes the next.
constexpr int64_t kSmallestTier = 256 << 10;
/// Below this many rows deletes cost a reader nothing that merging would not save him anyway.
constexpr int64_t kFewRows = 10'000;

struct Candidate {
  const std::string* path = nullptr;
  int64_t bytes = 0, rows = 0;  ///< that are left
  double deleted = 0;           ///< share
};

struct Candidates {
  std::vector<Candidate> small;    ///< to be merged
  std::vector<Candidate> deleted;  ///< that lost too many rows
};

Candidates Judge(const iceberg::LiveFiles& live, const SharedDeletes& shared, const RewriteRules& rules) {
  Candidates found;
  // One more than is known may speak of any data file.
  if (live.SharedDeletes().size() > shared.files()) return found;
  for (const auto& [path, entry] : live.data()) {
    const iceberg::DataFile& file = entry->file;
    int64_t deleted = 0;
    for (const auto& deletes : live.DeletesOf(path)) {
      if (iceberg::ReferencedDataFile(deletes->file)) deleted += deletes->file.record_count;
    }
    deleted += shared.CountOf(path);
    // Of so many rows a place each could not be held in memory.
    if (rules.only_ours && !iceberg::IsOurDataFile(path)) continue;
    if (file.record_count == 0 || file.record_count > 4 * rules.max_rows) continue;
    Candidate each{&path, 0, std::max<int64_t>(0, file.record_count - deleted), 0};
    const double left = static_cast<double>(each.rows) / static_cast<double>(file.record_count);
    each.bytes = static_cast<int64_t>(static_cast<double>(file.file_size_in_bytes) * left);
    each.deleted = static_cast<double>(deleted) / static_cast<double>(file.record_count);
    const bool large =
        file.file_size_in_bytes >= rules.target_bytes / 2 || file.record_count >= rules.max_rows / 2;
    const double share = large ? rules.deleted_share : 2 * rules.deleted_share;
    const bool counts = rules.thorough ? deleted > 0 : file.record_count >= kFewRows;
    if (counts && each.deleted >= share) found.deleted.push_back(each);
    if (each.bytes < rules.target_bytes / 2 && each.rows < rules.max_rows / 2) found.small.push_back(each);
  }
  return found;
}

/// The lowest full tier, with all that is smaller: it goes along for next to nothing.
std::vector<std::string> PlanMerge(std::vector<Candidate> small, const RewriteRules& rules) {
  std::map<int, size_t> tiers;
  const auto tier_of = [&](const Candidate& file) {
    int tier = 0;
    for (int64_t limit = kSmallestTier; !rules.thorough && file.bytes > limit; limit *= 4) ++tier;
    return tier;
  };
  for (const Candidate& file : small) ++tiers[tier_of(file)];
  const auto full = std::find_if(tiers.begin(), tiers.end(),
                                 [&](const auto& tier) { return tier.second >= rules.files_per_merge; });
  if (full == tiers.end()) return {};
  std::sort(small.begin(), small.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.bytes, *a.path) < std::tie(b.bytes, *b.path);
  });
  std::vector<std::string> paths;
  int64_t bytes = 0, rows = 0;
  for (const Candidate& file : small) {
    if (tier_of(file) > full->first) break;
    if (bytes + file.bytes > rules.target_bytes || rows + file.rows > rules.max_rows) break;
    bytes += file.bytes;
    rows += file.rows;
    paths.push_back(*file.path);
  }
  if (paths.size() < 2) paths.clear();  // merging one file is none
  return paths;
}

}  // namespace

std::vector<std::string> PlanRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                     const RewriteRules& rules) {
  Candidates found = Judge(live, shared, rules);
  const auto worst = std::max_element(found.deleted.begin(), found.deleted.end(),
                                      [](const Candidate& a, const Candidate& b) {
                                        return std::tie(a.deleted, *b.path) < std::tie(b.deleted, *a.path);
                                      });
  const bool any = worst != found.deleted.end();
  // Merging is bounded work for each row. Deletes that have grown to several times what is tolerated go first
  // all the same, so that neither waits indefinitely.
  if (any && !rules.thorough && worst->deleted >= 4 * rules.deleted_share) return {*worst->path};
  auto merge = PlanMerge(std::move(found.small), rules);
  if (merge.empty() && any) merge = {*worst->path};
  return merge;
}

std::vector<std::string> FilesToRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                        const RewriteRules& rules) {
  const Candidates found = Judge(live, shared, rules);
  std::vector<std::string> paths = PlanMerge(found.small, rules);
  for (const Candidate& file : found.deleted) paths.push_back(*file.path);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace cdc::iceberg_sink
