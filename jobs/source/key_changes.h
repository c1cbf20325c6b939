#pragma once

/// \file jobs/source/key_changes.h
/// Key changes between their halves, and rows that move onto a key which another row still has.
///
/// PostgreSQL may let two rows share a key for a while: a deferred constraint, or a key that only tables.toml
/// declares. A row that moves onto a taken key *displaces* the row that has it. The next event that deletes
/// or moves the key is the displaced row's own, unless its `before` image is that of the newcomer. Until then
/// the table shows the newcomer.
///
/// After a crash Debezium sends changes again. A displacement that is applied twice would not end in the same
/// rows, so from the first displacement on each change's place in the log is compared with the newest one
/// applied.

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "jobs/source/words.h"
#include "lib/contract/key_changes.h"
#include "lib/core/clock.h"
#include "lib/event/envelope.h"

namespace cdc::source {

/// How an event takes part in the changes of keys, for telling whether it was applied before.
enum class Part : uint8_t {
  kRow,         ///< a create; several of one INSERT may share a position
  kSingle,      ///< an update, a delete, the delete of a key change: alone at its position
  kSecondHalf,  ///< the create of a key change: at the position of its delete, after it
};

/// The message of a change.
struct Sent {
  int32_t partition = 0;
  int64_t offset = 0;  ///< one that is asked for twice in a row is not sent again, but taken again
  int64_t ms = 0;      ///< when: Kafka's time, Unix milliseconds
  uint64_t row = 0;    ///< of a create: hash of its row
};

/// Remembers; the fold is the caller's. Pure: no I/O, no clock. Not thread-safe.
class KeyChanges {
 public:
  struct Displaced {
    FormerRow row;
    uint64_t transaction = 0;  ///< of the row that displaced it; 0: unknown
    bool carried = false;      ///< by an earlier batch, which took the row out of the table
  };
  /// The first half of a key change that waits for its second one.
  struct Open {
    int32_t partition = 0;
    int64_t offset = 0;  ///< of the first half
    SteadyTime seen;
    contract::AppliedChange before;    ///< the partition's newest change before the first half
    std::optional<Displaced> departs;  ///< the row that had been displaced from the key is the one that moves
    std::optional<Displaced> reinstated;  ///< the newcomer is; this one has the key again
  };

  explicit KeyChanges(contract::KeyChangeState state);

  // First halves that wait.
  const std::unordered_map<Hash128, Open>& open() const { return open_; }
  Open* Find(const Hash128& key);
  void Begin(const Hash128& key, Open change);
  /// \return whether one was open
  bool End(const Hash128& key) { return open_.erase(key) > 0; }
  /// The key of the last first half in a partition; nothing: none yet.
  std::optional<Hash128> LastMoved(int32_t partition) const;

  // Displaced rows.
  /// \param at position of the event that moves onto `key`; nothing: unknown
  void Displace(const Hash128& key, FormerRow row, const std::optional<event::LogPosition>& at,
                SteadyTime now);
  bool any_displaced() const { return !displaced_.empty(); }
  /// Whether a row has been displaced from `key` and may still move. One that was displaced in an earlier
  /// transaction is forgotten: when a transaction commits, no two rows share a primary key.
  ///
  /// \param at position of the event that asks; nothing: unknown
  bool HasDisplaced(const Hash128& key, const std::optional<event::LogPosition>& at);
  /// The row that was displaced first has changed. HasDisplaced() must hold. \param row of the batch
  void UpdateDisplaced(const Hash128& key, uint32_t row);
  /// The row that was displaced first. HasDisplaced() must hold.
  Displaced TakeDisplaced(const Hash128& key, SteadyTime now);
  /// Whether a row has been displaced in this batch and is not settled: a commit had better wait.
  bool unsettled() const { return fresh_ > 0; }
  SteadyTime last_displacement() const { return last_displacement_; }
  /// Keys of rows that this batch displaces and that are in the table: their places must be kept.
  std::vector<Hash128> DisplacedFromTable() const;
  /// Whether a commit now would lose the values of a row that has its key again.
  bool WouldLose() const;
  /// The batch is committed: rows that it displaced are where Sink::KeepMoved() noted.
  void CarryOver();
  void Truncate();

  // What was sent again.
  /// Whether a change was applied before; else it is the newest one now.
  ///
  /// A change without a place in the log is never told.
  bool SentAgain(const Sent& sent, const event::Source& source, Part part);
  /// Whether every change of the partition must be asked for: a row was displaced there.
  bool watches(int32_t partition) const;
  void Watch(int32_t partition) { state_.applied[partition].every_change = true; }

  contract::AppliedChange newest(int32_t partition) const;

  /// What a commit must remember.
  contract::KeyChangeState state() const;

 private:
  std::unordered_map<Hash128, Open> open_;
  std::map<int32_t, Hash128> last_moved_;
  std::unordered_map<Hash128, std::deque<Displaced>> displaced_;
  size_t fresh_ = 0;  // displaced rows of this batch
  SteadyTime last_displacement_{};
  contract::KeyChangeState state_;  // `displaced` is kept above
  struct Asked {
    int64_t offset = -1;     // of the newest change
    bool resending = false;  // the last one was sent again …
    uint32_t rows = 0;       // … and so were so many creates at the position of the newest
  };
  std::map<int32_t, Asked> asked_;
};

}  // namespace cdc::source
