#pragma once

/// \file jobs/worker/commit_draft.h
/// Private to the Iceberg sink: what one attempt to commit has prepared so far.

#include <map>
#include <string>
#include <vector>

#include "jobs/worker/iceberg_sink.h"

namespace cdc::worker {

struct IcebergSink::Draft {
  index::CommitIntent intent;
  iceberg::SnapshotChanges changes;
  std::map<std::string, std::vector<int64_t>>
      deletes;  ///< data file → positions that this commit deletes, in any order
  std::map<std::string, PositionSet>
      all_deleted;  ///< the same with those deleted before: the new delete files
  int64_t rows = 0;
  int64_t deleted_rows = 0;
};

}  // namespace cdc::worker
