#pragma once

/// \file jobs/worker/table.h
/// One table as its run sees it: the shape that its sink told last, and a second thread to commit on.

#include <functional>
#include <future>
#include <memory>
#include <optional>

#include "jobs/worker/second_thread.h"
#include "jobs/worker/sink.h"

namespace cdc::worker {

/// Used by one thread. While a commit is under way (BeginCommit) shape(), checkpoint(), live_rows() and
/// committing() answer at once; all else waits for it, and fails as it did.
class Table {
 public:
  /// \param sink just opened; must outlive this
  explicit Table(Sink& sink);
  /// Waits for the commit under way.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const Shape& shape() const { return opened_.shape; }
  /// The newest one that is committed.
  const std::optional<Checkpoint>& checkpoint() const { return opened_.checkpoint; }
  /// Rows in it as of the newest commit; nothing: the store does not tell.
  std::optional<int64_t> live_rows() const { return opened_.live_rows; }
  bool needs_key_values() const { return opened_.needs_key_values; }
  bool needs_source_types() const { return opened_.needs_source_types; }

  // As Sink and its Lookup.
  Status Follow(const ShapeChange& change);
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values);
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row);
  Result<uint32_t> CountRows(const Hash128& content);
  Result<std::vector<uint32_t>> FillGaps(Fold* fold);
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold);
  Result<Committed> Commit(const Batch& batch);

  /// Begins Commit(batch) on the second thread, followed by upkeep between commits. One at a time.
  /// \param batch what it refers to stays as it is, and where it is, until AwaitCommit() has returned
  /// \param gate asked on that thread before: its error is the outcome, and nothing is committed
  void BeginCommit(const Batch& batch, std::function<Status()> gate);
  /// Whether AwaitCommit() would wait.
  bool committing() const;
  /// The outcome; once for each BeginCommit().
  Result<Committed> AwaitCommit();

  // As Upkeep; without one there is nothing to do.
  Result<bool> Maintain(Tidying when);
  Status Close();

 private:
  Status Settle() const;
  void NoteCommitted(const Committed& committed, const Checkpoint& checkpoint);

  Sink& sink_;
  Opened opened_;
  const Checkpoint* checkpoint_under_way_ = nullptr;
  std::shared_future<Result<Committed>> under_way_;
  SecondThread second_thread_;  // last: it ends before the rest goes
};

}  // namespace cdc::worker
