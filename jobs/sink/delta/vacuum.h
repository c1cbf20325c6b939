#pragma once

/// \file jobs/sink/delta/vacuum.h
/// Which files of a table's folder nothing needs any more: a decision alone, without effects.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/snapshot.h"
#include "lib/storage/file_system.h"

namespace cdc::delta_sink {

/// Milliseconds of a property like "interval 7 days"; what cannot be read counts as `otherwise`.
int64_t IntervalMs(const std::string& text, int64_t otherwise);

/// How long what is superseded stays, of a table's properties.
struct Retention {
  int64_t files_ms = 0;     ///< data files and deletion vectors
  int64_t versions_ms = 0;  ///< the log, and the change files that only it names
};
Retention RetentionOf(const delta::Metadata& metadata);

/// Files of ours, by the form of their names, that neither the snapshot nor what it removed lately has. What
/// is younger than a commit in flight may take is left alone, change files and vectors as long as their
/// versions may be read. \param files everything in the table's folder \return kCorrupt, kUnsupported: what
/// the snapshot names cannot be found
Result<std::vector<std::string>> FindUnneeded(const delta::Snapshot& snapshot,
                                              const std::vector<storage::FileInfo>& files, int64_t now_ms);

}  // namespace cdc::delta_sink
