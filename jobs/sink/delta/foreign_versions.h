#pragma once

/// \file jobs/sink/delta/foreign_versions.h
/// What another writer's commit means for ours: a decision alone, without effects.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/action.h"

namespace cdc::delta_sink {

enum class Foreign {
  kMetadata,    ///< no file changes
  kMaintained,  ///< other files with the same rows
  kFewerRows,   ///< rows were deleted or updated: what the key index knows may be wrong
  kMoreRows,    ///< nobody can say which of two rows of a key is right
};

/// \param rows_before rows of a data file that are not deleted, before the commit, by the log's path;
/// negative: not known
Foreign Judge(const std::vector<delta::Action>& actions,
              const std::function<int64_t(const std::string& log_path)>& rows_before);

/// The error for kMoreRows. \param root the table's folder
Error AddedRows(int64_t version, const std::string& root);

/// What helps a table that the sink cannot go on with.
std::string WayOut(const std::string& root);

}  // namespace cdc::delta_sink
