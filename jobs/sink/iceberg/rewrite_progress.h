#pragma once

/// \file jobs/sink/iceberg/rewrite_progress.h
/// How far a table has been written anew, in its index folder, so that a run that was killed loses one file.
///
/// It is only believed for the very snapshot and schema that it was made for, and never says that a file may
/// be deleted: what is not used in the end is the orphan sweep's.

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
