#pragma once

/// \file lib/change/fold.h
/// A batch of changes folded per key: the last change of a key wins, and what it replaces is looked up only
/// once.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "lib/change/toast_size.h"
#include "lib/core/hash128.h"
#include "lib/rows/batch.h"

namespace cdc::change {

/// What a key has become in this batch.
struct Slot {
  enum class State : uint8_t {
    kUntouched,  ///< nothing happened to it after all: its row in the table stays
    kLive,       ///< its row is `row` of the batch
    kGone,       ///< it has no row any more
  };
  Hash128 key;
  uint32_t row = 0;
  State state = State::kUntouched;
};

/// Where the cells are that a row lacks: in the table's row of `key` as it was before this batch, or, when
/// there is none, in that of `otherwise` (a key change that was sent again finds the row under its new key).
struct Gap {
  Hash128 key;
  std::optional<Hash128> otherwise = {};
  bool late =
      false;  ///< the row may have been removed by an earlier batch: Sink::KeepMoved() knows where it was
  bool displaced = false;  ///< with `late`: the table's present row of `key` is another one
  bool whole = false;      ///< with `displaced`: all cells are that row's, its nulls too
  std::vector<Doubt> doubts =
      {};  ///< cells that stay as they are, unless that row has a value that was not sent

  bool has_doubt(int column) const;
};

/// Why a row cannot be completed though its old version is known.
struct Refusal {
  int column = -1;
  bool doubt = false;  ///< a Doubt was right to be; false: what was not sent is null there
};

/// How the cells that an event did not carry (rows::Cell::kUnavailable) can be had.
enum class Gaps {
  kFilled,   ///< from an earlier row of this batch
  kPending,  ///< from the table, when the batch is written: see gaps()
  kUnknown,  ///< there is no earlier row: the event cannot be applied
  kRefused,  ///< there is, but it has not what the event left out: see refusal()
};

/// Where a key's row is, or was before the key was given away.
struct FormerRow {
  Slot slot;                 ///< the key's state; with kLive the row in the batch
  bool known = false;        ///< false: the key had no row, or its values are out of reach
  std::optional<Gap> table;  ///< where the gaps of slot.row, or the whole row, are in the table
};

/// Values of keys by their hashes.
struct NotedKeys {
  explicit NotedKeys(std::shared_ptr<const rows::Schema> schema) : batch(std::move(schema)) {}
  rows::Batch batch;         ///< columns of the key alone, in key order
  std::vector<int> columns;  ///< 0, 1, …
  std::unordered_map<Hash128, uint32_t> rows;

  rows::KeyRow Find(const Hash128& key) const {
    const auto row = rows.find(key);
    return row == rows.end() ? rows::KeyRow{} : rows::KeyRow{&batch, row->second, &columns};
  }
};

/// Order is the order of calls, which is Kafka's offset order within each partition. Pure: no I/O, no clock.
/// Not thread-safe. Rows are appended to batch() by the caller, then named here.
class Fold {
 public:
  explicit Fold(std::shared_ptr<const rows::Schema> schema);

  /// Called with the batch's last row whenever cells of it have been filled in: what was derived from them is
  /// stale. \param computed columns in which an old row's null is a value like any other
  void SetRederive(std::function<void(rows::Batch*, uint32_t)> rederive, std::vector<int> computed = {}) {
    rederive_ = std::move(rederive);
    computed_ = std::move(computed);
  }

  rows::Batch& batch() { return batch_; }
  const rows::Batch& batch() const { return batch_; }

  /// `row`, the batch's last one, is now the key's row. A row with gaps is first completed from the key's
  /// earlier row; with kUnknown and kRefused nothing changes and the caller drops the row. \param doubts
  /// cells that the earlier row may refute; has_gaps is true then
  Gaps Upsert(const Hash128& key, uint32_t row, bool has_gaps, std::vector<Doubt> doubts = {});

  /// As Upsert for the second half of a key change: gaps are filled from the row that `old_key` had before
  /// its Remove(old_key, moving=true).
  Gaps UpsertMoved(const Hash128& key, uint32_t row, bool has_gaps, const Hash128& old_key,
                   std::vector<Doubt> doubts = {});

  /// The key has no row any more. \param moving the first half of a key change: its row is kept in mind, and
  /// RestoreMoved(key) takes the removal back as long as the second half has not come
  void Remove(const Hash128& key, bool moving = false);
  void RestoreMoved(const Hash128& key);

  /// From now on the batch's rows have their key in these columns, and NoteKey() remembers values; empty:
  /// hashes are enough for whoever takes the fold. Forgotten by Reset().
  void KeepKeys(std::vector<int> columns) { key_columns_ = std::move(columns); }
  bool keeps_keys() const { return !key_columns_.empty(); }
  /// Remembers the values of a key that came without its row: of a delete, or the old one of a row that moved.
  void NoteKey(const Hash128& key, const rows::KeyRow& values);
  /// The values of a key that the batch has a row of, or that was noted; see KeyRow::known().
  rows::KeyRow FindKey(const Hash128& key) const;
  /// What NoteKey() remembers, for the next batch; null: nothing.
  std::shared_ptr<const NotedKeys> noted_keys() const { return noted_; }

  /// What the batch has done to the key so far.
  Slot::State StateOf(const Hash128& key) const;
  /// The key's row in the batch; nothing: the batch has none.
  std::optional<uint32_t> LiveRow(const Hash128& key) const;
  /// Takes the key's present row out of the batch's sight, for another row moves onto its key. \return where
  /// it is, for UpsertMoved() of the row that was displaced, or Reinstate().
  FormerRow Displace(const Hash128& key);

  /// The first half of a key change of a row that another row has already displaced from `key`: the key's
  /// present row stays, and UpsertMoved(…, old_key = key) takes what it lacks from `row`.
  void Depart(const Hash128& key, FormerRow row) { moved_[key] = std::move(row); }
  /// Takes Depart() back.
  void ForgetDeparted(const Hash128& key) { moved_.erase(key); }
  /// The row that was displaced from `key` is the key's row again; the present one is gone or has moved.
  /// \return a row that is appended for it, when all of its cells must come from the table: see gaps()
  std::optional<uint32_t> Reinstate(const Hash128& key, const FormerRow& row);

  /// Everything before this is gone, in the batch and in the table.
  void Truncate();

  /// Replaces the row of slot number `slot` by a complete copy: its unavailable cells come from row
  /// `patch_row` of `patch`, whose column for column i of this batch is column_in_patch[i].
  ///
  /// \return false: one of them is null there, and nothing changes; refused() has the row then
  bool Complete(uint32_t slot, const rows::Batch& patch, uint32_t patch_row,
                const std::vector<int>& column_in_patch);

  /// The table's row shows that a doubt of the row of slot number `slot` was right.
  void Refuse(uint32_t slot, int column) { refused_[slots_[slot].row] = {column, true}; }
  const Refusal& refusal() const { return refusal_; }                                ///< of the last kRefused
  const std::unordered_map<uint32_t, Refusal>& refused() const { return refused_; }  ///< by row

  /// Takes back a row whose gaps could not be filled from the table: the key keeps what the table has.
  void Abandon(const Hash128& key);

  bool truncated() const { return truncated_; }
  const std::vector<Slot>& slots() const {
    Settle();
    return slots_;
  }
  const std::unordered_map<uint32_t, Gap>& gaps() const {
    Settle();
    return gaps_;
  }

  /// Keys touched plus rows decoded: zero when there is nothing to write.
  bool empty() const { return slots_.empty() && waiting_count_ == 0 && !truncated_ && batch_.rows() == 0; }
  /// For the byte budget.
  size_t byte_size() const;

  /// Empties everything for the next batch, of `schema`.
  void Reset(std::shared_ptr<const rows::Schema> schema);

 private:
  /// Whole rows wait here until the place of their key has come into the cache: among as many keys as a batch
  /// has, each is far away. Whoever looks at slots has them settled first.
  struct Waiting {
    Hash128 key;
    uint32_t row;
  };

  void Settle() const {
    if (waiting_count_ > 0) PlaceWaiting();
  }
  void PlaceWaiting() const;
  Slot& FindOrAdd(const Hash128& key) const;
  Slot* Find(const Hash128& key) const;
  uint32_t TagOf(const Hash128& key) const;
  size_t PlaceOf(const Hash128& key) const;
  void Rehash(size_t capacity) const;
  FormerRow Describe(const Slot* slot, const Hash128& key) const;
  Gaps FillFrom(const FormerRow& from, uint32_t row, const std::vector<Doubt>& doubts);
  void Place(const Hash128& key, uint32_t row) const;

  rows::Batch batch_;
  // What is settled late belongs to what has been said before: a const Fold looks the same either way.
  mutable std::vector<Slot> slots_;
  // Open addressing: slot number + 1 and bits of the hash above it; 0 empty.
  mutable std::vector<uint32_t> table_;
  mutable std::unordered_map<uint32_t, Gap> gaps_;
  mutable std::array<Waiting, 16> waiting_;
  mutable size_t waiting_count_ = 0;
  std::unordered_map<Hash128, FormerRow> moved_;
  Refusal refusal_;
  std::unordered_map<uint32_t, Refusal> refused_;
  std::vector<int> key_columns_;  // empty: keys' values are not kept
  std::shared_ptr<NotedKeys> noted_;
  bool truncated_ = false;
  std::function<void(rows::Batch*, uint32_t)> rederive_;
  std::vector<int> computed_;
};

}  // namespace cdc::change
