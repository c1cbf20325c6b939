#pragma once

/// \file jobs/sink/iceberg/commit_draft.h
/// Private to the Iceberg sink: what one attempt to commit has prepared so far.

#include <optional>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/sink/iceberg/shared_deletes.h"

namespace cdc::iceberg_sink {

struct IcebergSink::Draft {
  index::CommitIntent intent;
  iceberg::SnapshotChanges changes;
  DeletesByFile deletes;               ///< rows that this commit deletes, in any order until DraftDeletes()
  std::optional<SharedChange> shared;  ///< once it is committed; nothing: as before
  std::vector<Hash128> moved;          ///< of a rewrite: the keys of its new file, row by row …
  std::vector<int64_t> moved_without;  ///< … and the rows among them that are not there any more
  int64_t rows = 0;
  int64_t deleted_rows = 0;
};

}  // namespace cdc::iceberg_sink
