#include "jobs/sink/lake/rewrite_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cdc::lake_sink {
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

Candidates Judge(const std::vector<RewritableFile>& files, const RewriteRules& rules) {
  Candidates found;
  for (const RewritableFile& file : files) {
    // Of so many rows a place each could not be held in memory.
    if (file.records == 0 || file.records > 4 * rules.max_rows) continue;
    Candidate each{file.path, 0, std::max<int64_t>(0, file.records - file.deleted), 0};
    const double left = static_cast<double>(each.rows) / static_cast<double>(file.records);
    each.bytes = static_cast<int64_t>(static_cast<double>(file.bytes) * left);
    each.deleted = static_cast<double>(file.deleted) / static_cast<double>(file.records);
    const bool large = file.bytes >= rules.target_bytes / 2 || file.records >= rules.max_rows / 2;
    const double share = large ? rules.deleted_share : 2 * rules.deleted_share;
    const bool counts = rules.thorough ? file.deleted > 0 : file.records >= kFewRows;
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

std::vector<std::string> PlanRewrite(const std::vector<RewritableFile>& files, const RewriteRules& rules) {
  Candidates found = Judge(files, rules);
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

std::vector<std::string> FilesToRewrite(const std::vector<RewritableFile>& files, const RewriteRules& rules) {
  const Candidates found = Judge(files, rules);
  std::vector<std::string> paths = PlanMerge(found.small, rules);
  for (const Candidate& file : found.deleted) paths.push_back(*file.path);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace cdc::lake_sink
