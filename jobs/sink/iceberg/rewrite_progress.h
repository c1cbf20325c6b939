#pragma once

/// \file jobs/sink/iceberg/rewrite_progress.h
/// How far a rewrite of the table has got, kept in the index folder, so that a run that is killed loses one
/// file.
///
/// Progress counts only for the snapshot and schema that it was made for. It never says that a file may be
/// deleted: files that are not used in the end are the orphan sweep's.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"

namespace cdc::iceberg_sink {

struct RewriteProgress {
  std::string of;  ///< table, snapshot and new schema, as text
  std::vector<iceberg::DataFile> written;
  size_t source = 0;     ///< the next row to copy is of the snapshot's data file of this number …
  int64_t position = 0;  ///< … at this position
};

/// Replaces the file atomically. \return kTransient.
Status SaveProgress(const std::filesystem::path& folder, const RewriteProgress& progress);
/// From the start where there is none, it is damaged, or of something else than `of`.
RewriteProgress LoadProgress(const std::filesystem::path& folder, const std::string& of);
void RemoveProgress(const std::filesystem::path& folder);

}  // namespace cdc::iceberg_sink
