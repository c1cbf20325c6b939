#pragma once

/// \file jobs/sink/lake/rewrite_plan.h
/// Which data files are worth rewriting: a decision alone, without effects (docs/decisions/0006).

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::lake_sink {

struct RewriteRules {
  double deleted_share = 0.2;  ///< a large file that lost this share of its rows is rewritten
  size_t files_per_merge = 8;  ///< this many files of similar size are merged into one
  int64_t target_bytes = 128 << 20;
  int64_t max_rows =
      1'000'000;  ///< of a merged file: each row's place is held in memory until it is committed
  /// Files of other writers may hold values that a rewrite would lose: only ours are rewritten. The sink's to heed.
  bool only_ours = false;
  bool thorough = false;  ///< every delete counts, and small files are merged whatever their sizes
};

/// A live data file as the decision sees it.
struct RewritableFile {
  const std::string* path = nullptr;
  int64_t bytes = 0;
  int64_t records = 0;  ///< deleted ones included
  int64_t deleted = 0;
};

/// Data files whose remaining rows are to be put into one new file, in this order; empty: leave things alone.
std::vector<std::string> PlanRewrite(const std::vector<RewritableFile>& files, const RewriteRules& rules);

/// All data files that plan after plan would take up as the table is now.
std::vector<std::string> FilesToRewrite(const std::vector<RewritableFile>& files, const RewriteRules& rules);

}  // namespace cdc::lake_sink
