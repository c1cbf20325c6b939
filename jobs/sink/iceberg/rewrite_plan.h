#pragma once

/// \file jobs/sink/iceberg/rewrite_plan.h
/// Which data files are worth rewriting: a decision alone, without effects (docs/decisions/0006).

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/shared_deletes.h"
#include "lib/iceberg/live_files.h"

namespace cdc::iceberg_sink {

struct RewriteRules {
  double deleted_share = 0.2;  ///< a large file that lost this share of its rows is rewritten
  size_t files_per_merge = 8;  ///< this many files of similar size are merged into one
  int64_t target_bytes = 128 << 20;
  int64_t max_rows =
      1'000'000;  ///< of a merged file: each row's place is held in memory until it is committed
  /// Files of other writers may hold values that a rewrite would lose: only ours are rewritten.
  bool only_ours = false;
  bool thorough = false;  ///< every delete counts, and small files are merged whatever their sizes
};

/// Data files whose remaining rows are to be put into one new file, in this order; empty: leave things alone.
/// \param shared what is known of the delete files that speak of several data files. If there are others of
/// them, data files of which they may speak are left alone, too.
std::vector<std::string> PlanRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                     const RewriteRules& rules);

/// All data files that plan after plan would take up as the table is now.
std::vector<std::string> FilesToRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                        const RewriteRules& rules);

}  // namespace cdc::iceberg_sink
