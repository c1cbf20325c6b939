#pragma once

/// \file tests/unit/run_loop/map_sink.h
/// A sink that is a map, with commits that fail as a test wants.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "jobs/worker/sink.h"

namespace cdc::worker {

/// What outlives a run: the table and its checkpoint, changed together.
struct MapStore {
  using Row = std::shared_ptr<const rows::Batch>;  ///< one row

  std::optional<Checkpoint> checkpoint;
  Shape shape;
  std::unordered_map<Hash128, Row> rows;
  std::unordered_map<Hash128, Row> moved;  ///< of KeepMoved
  int64_t commits = 0;
};

/// What becomes of a commit.
enum class Answer : uint8_t {
  kDone,
  kRefused,      ///< kTransient, and nothing is changed
  kLost,         ///< kCommitUnknown, and it is done
  kUnknownOnly,  ///< kCommitUnknown, and it is not
};

/// Not thread-safe but for Commit() against the first thread's other calls, which worker::Table keeps apart.
class MapSink final : public Sink, public Lookup {
 public:
  /// \param next what becomes of the next commit
  MapSink(MapStore* store, std::function<Answer()> next) : store_(store), next_(std::move(next)) {}

  Opened opened() const override { return {store_->checkpoint, store_->shape}; }
  Result<Shape> Follow(const ShapeChange& change) override;
  Lookup& lookup() override { return *this; }
  Result<Committed> Commit(const Batch& batch) override;

  Result<bool> HasRow(const Hash128& key, const rows::KeyRow&) override { return store_->rows.contains(key); }
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) override;
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold&) override;

 private:
  MapStore::Row OldRow(const Gap& gap) const;
  void Apply(const Fold& fold);

  MapStore* store_;
  std::function<Answer()> next_;
};

}  // namespace cdc::worker
