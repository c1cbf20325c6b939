#pragma once

/// \file jobs/worker/source.h
/// The port to where changes come from: Kafka (jobs/source), or a replay of files in tests.

#include <cstdint>
#include <functional>
#include <optional>

#include "jobs/worker/words.h"
#include "lib/contract/offsets.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::worker {

/// How far a source is with what it has read: what the loop decides by. A value.
struct SourceState {
  bool caught_up = false;  ///< every partition is at its end
  bool drained = false;    ///< everything up to the ends seen at the start is read
  bool dirty = false;      ///< rows or positions are not committed
  /// The next change needs another shape of the table: the batch must be committed before it can be read.
  bool new_shape = false;
  /// The batch must be committed before more is read: something is to be saved or forgotten together with it.
  bool alone = false;
  int64_t batch_bytes = 0;
  std::optional<SteadyTime> key_change_since = {};    ///< when the oldest first half of a key change came
  std::optional<SteadyTime> looking_back_since = {};  ///< a partition may yet be one of a recreated topic
  SteadyTime last_read{};                             ///< when the last change came, or the start of the run
  friend bool operator==(const SourceState&, const SourceState&) = default;
};

/// Counts of this run; the source keeps them up to date, also when it fails.
struct SourceCounts {
  int64_t events = 0;
  int64_t left_alone = 0;  ///< records of other tables
  int64_t dead_letters = 0;
};

/// A batch of changes that is ready to be committed.
struct Cut {
  Fold fold;
  Checkpoint checkpoint;
  contract::PartitionOffsets upto;  ///< positions in `checkpoint`
  int64_t backlog = 0;              ///< records known to come behind it
  /// Looks at the source once more: whether all of the batch came from the one that the table follows. May
  /// run on another thread. \return kUnsupported: it did not; kTransient.
  std::function<Status()> gate;
  int64_t changes = 0;  ///< of the run so far, this batch included, that were neither set aside nor others'
  int64_t upto_ms = 0;  ///< when its last record was written, Unix time; 0: not known
};

/// One thread, but for Cut::gate. The source follows the shape of its changes in the table by itself
/// (Table::Follow).
class Source {
 public:
  virtual ~Source() = default;

  /// Begins behind the table's checkpoint; without one at the oldest change that is there.
  /// \return the positions; kUnsupported: what comes next is not there any more; kTransient, kInvalidConfig.
  virtual Result<contract::PartitionOffsets> Open() = 0;

  /// Reads on, and folds what has come. Returns after `wait` without changes, at once when the batch is full
  /// or another shape is due. \return kUnsupported, kInvalidConfig: the table must be held; kTransient,
  /// kConflict.
  virtual Result<SourceState> Next(Millis wait) = 0;

  /// Ends the batch. Where SourceState::alone is false, the next one begins at once; else with Confirm().
  /// \param last nothing more will come: key changes without a second half are deletes
  /// \return kUnsupported: the batch must not be committed; kTransient: a dead letter could not be written.
  virtual Result<Cut> End(bool last) = 0;

  /// The batch is committed; its memory is used again. \return kTransient.
  virtual Result<SourceState> Confirm(Cut done) = 0;

  /// Whether the source has partitions that this run does not read: the next run does. Errors count as no.
  virtual bool HasGrown() = 0;
};

}  // namespace cdc::worker
