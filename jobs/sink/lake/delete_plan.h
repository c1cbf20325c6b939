#pragma once

/// \file jobs/sink/lake/delete_plan.h
/// Which rows of which data files a commit deletes: a decision alone, without effects, for any table format
/// that deletes rows by their positions.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "jobs/sink/lake/position_set.h"
#include "lib/core/result.h"
#include "lib/index/key_index.h"

namespace cdc::lake_sink {

/// Data file → positions of deleted rows, ascending, without duplicates.
using DeletesByFile = std::map<std::string, std::vector<int64_t>, std::less<>>;

/// Adds the positions of superseded rows to `deletes`, by data file.
/// \param path_of the path of a live file; null for a file that is not live any more: it took its rows with
/// it
void GroupByFile(std::span<const index::Location> superseded,
                 const std::function<const std::string*(uint32_t file)>& path_of, DeletesByFile* deletes);

struct DeletePlan {
  int64_t rows = 0;                  ///< that the commit deletes
  std::vector<std::string> emptied;  ///< data files without a row left: they go as a whole
};

/// Sorts the positions in `deletes` and drops those that are deleted already, with the files for which none
/// is left, and the emptied files. \param deleted what is deleted already of a data file; valid until the
/// next call \param rows_of rows of a data file, deleted ones included
Result<DeletePlan> PlanDeletes(
    DeletesByFile* deletes,
    const std::function<Result<const PositionSet*>(const std::string& data_path)>& deleted,
    const std::function<int64_t(const std::string& data_path)>& rows_of);

}  // namespace cdc::lake_sink
