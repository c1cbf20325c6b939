#pragma once

/// \file jobs/sink/iceberg/rewrite_plan.h
/// Which data files of an Iceberg table are worth rewriting: lake_sink::PlanRewrite() of what is live.

#include <string>
#include <vector>

#include "jobs/sink/iceberg/shared_deletes.h"
#include "jobs/sink/lake/rewrite_plan.h"
#include "lib/iceberg/live_files.h"

namespace cdc::iceberg_sink {

using lake_sink::RewriteRules;

/// \param shared what is known of the delete files that speak of several data files. If there are others of
/// them, data files of which they may speak are left alone, too.
std::vector<std::string> PlanRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                     const RewriteRules& rules);

/// All data files that plan after plan would take up as the table is now.
std::vector<std::string> FilesToRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                        const RewriteRules& rules);

}  // namespace cdc::iceberg_sink
