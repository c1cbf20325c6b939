#pragma once

/// \file jobs/sink/delta/deleted_rows.h
/// Which rows of the table's data files are deleted, and the deletion vectors that say so.

#include <string>
#include <vector>

#include "jobs/sink/delta/commit_draft.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/words.h"

namespace cdc::delta_sink {

/// Keeps vectors from commit to commit as far as there is memory for them. One thread at a time.
class DeletedRows {
 public:
  /// \param max_bytes of vectors in memory \param table, ports must outlive this
  DeletedRows(size_t max_bytes, DeltaTable& table, const Ports& ports)
      : known_(max_bytes), table_(table), ports_(ports) {}

  /// What is deleted of a live data file. \return valid until the next call. kCorrupt, kTransient.
  Result<const PositionSet*> Find(const std::string& path);

  /// Adds to the draft what its `deletes` and its truncation make of the data files: other vectors, in one
  /// new file, or no file at all. Counts the deleted rows.
  Status Draft(CommitDraft* draft);
  /// The draft is committed.
  void Advance(const CommitDraft& draft);
  /// Another writer committed.
  void ForgetAll() { known_.ForgetAll(); }

 private:
  Result<PositionSet> Read(const delta::LiveFile& file) const;
  Status WriteVectors(const delta::VectorFile& vectors, CommitDraft* draft);

  KnownDeletes known_;
  DeltaTable& table_;
  const Ports& ports_;
};

}  // namespace cdc::delta_sink
