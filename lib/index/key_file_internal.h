#pragma once

/// \file lib/index/key_file_internal.h
/// The key index's file: a page that says of which table state it is, slots in stripes of 64, and a sum for
/// each stripe. Every bit of it is under a check, and a stripe is checked when a run first looks at it.
///
/// Three rules make it hold through kill -9 at any instruction. (After a power loss it is not trusted at all,
/// unless it was synced: KeyIndex.)
/// - The state has two copies, written in turn; the valid one with the higher number counts.
/// - Each change of a slot is written down first, with all that it leads to, in one of two records in turn.
///   Opening repeats the last valid one, which does no harm if it was done.
/// - Sums add up: a stripe's is that of its slots, the total that of the stripes. A change adds the
/// difference,
///   so that nothing is summed twice but at first sight.

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/core/decimal.h"
#include "lib/core/result.h"

namespace cdc::index {

struct Slot {
  uint64_t low;  // 0: empty
  uint64_t high;
  uint64_t location;  // kErased: the key is gone, the slot stays taken
};
static_assert(sizeof(Slot) == 24);

/// One copy of what the file says of itself.
struct FileState {
  char magic[8];
  uint32_t version;
  uint32_t synced;    // 1: every page is on disk
  uint64_t number;    // the copy with the higher one counts
  uint64_t nonce;     // of this file: no stripe of another one fits
  uint64_t capacity;  // home slots
  uint64_t changes;   // that were made before it was written
  uint64_t used;      // slots that are not empty, erased ones included; then
  uint64_t live;      // keys; then
  uint64_t total;     // of all stripes' sums; then
  uint64_t settled;   // 1: nothing was changed since
  uint64_t secret;    // of the hashes: KeySecret::fingerprint
  uint64_t numbers;   // of the file numbers that entries may have: FileNumbers::chain
  int64_t snapshot_id;
  uint64_t moved;  // KeyIndex::moved
  int64_t excess;  // keys more than the table has rows
  int64_t unfinished_snapshot;
  uint64_t unfinished;  // KeyIndex::Unfinished
  char table_uuid[40];
  char boot_id[40];
  uint64_t check;
};

/// A change of one slot and what it leads to.
struct ChangeRecord {
  uint64_t number;
  uint64_t at;
  Slot slot;
  uint64_t sum, total;  // of its stripe, and of all
  uint64_t used, live;
  uint64_t check;
};

class KeyFile {
 public:
  static constexpr uint64_t kStripe = 64;  // slots
  static constexpr uint64_t kErased = UINT64_MAX;

  /// A new file, all empty. Its blocks are allocated: a full disk is an error here, not a SIGBUS later.
  /// \param like the rest of its state \return kTransient.
  static Result<std::unique_ptr<KeyFile>> Make(const std::filesystem::path& path, uint64_t capacity,
                                               const FileState& like);
  /// Repeats the last change. \return kNotFound; kTransient; kCorrupt: damaged as far as can be seen at once.
  static Result<std::unique_ptr<KeyFile>> Open(const std::filesystem::path& path);
  ~KeyFile();
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  const FileState& state() const { return state_; }
  /// Writes `state` with the present counts. \param settled no change has been made since it became so
  void Write(const FileState& state, bool settled);

  uint64_t used() const { return used_; }
  uint64_t live() const { return live_; }
  uint64_t capacity() const { return capacity_; }
  uint64_t slot_count() const { return slot_count_; }
  size_t bytes() const { return bytes_; }
  /// A stripe did not have its sum: nothing that was asked of the file since is an answer.
  bool doubtful() const { return doubtful_; }

  Slot* slots() const { return slots_; }
  uint64_t HomeOf(uint64_t low) const {
    return static_cast<uint64_t>(static_cast<UInt128>(low) * capacity_ >> 64);
  }
  /// The slot of `low`/`high`, or the empty slot where it would go; nullptr when the tail is full or in
  /// doubt.
  Slot* Probe(uint64_t low, uint64_t high) {
    for (uint64_t at = HomeOf(low); at < slot_count_;) {
      if (!Trusts(at / kStripe)) return nullptr;
      for (const uint64_t end = (at / kStripe + 1) * kStripe; at < end; ++at) {
        Slot* const slot = slots_ + at;
        if (slot->low == 0 || (slot->low == low && slot->high == high)) return slot;
      }
    }
    return nullptr;
  }
  bool Trusts(uint64_t stripe) { return (checked_[stripe / 64] >> stripe % 64 & 1) != 0 || Check(stripe); }

  /// Sets a slot of a checked stripe.
  void Change(Slot* slot, const Slot& to, uint64_t used, uint64_t live);
  /// The same for a file that nobody opens before Write().
  void Place(Slot* slot, const Slot& to);

  /// \return false: errno says why.
  bool WriteOut(bool all) const { return ::msync(base_, all ? bytes_ : kHeaderBytes, MS_SYNC) == 0; }

  static constexpr size_t kHeaderBytes = 4096;

 private:
  KeyFile() = default;
  Status Map(int fd, size_t bytes, const std::filesystem::path& path);
  void SetCapacity(uint64_t capacity);
  Status Adopt(const std::filesystem::path& path);
  bool Check(uint64_t stripe);
  uint64_t BaseOf(uint64_t stripe) const;
  FileState* copy(uint64_t number) const { return reinterpret_cast<FileState*>(base_ + 1024 * (number & 1)); }
  ChangeRecord* record(uint64_t number) const {
    return reinterpret_cast<ChangeRecord*>(base_ + 2048 + 1024 * (number & 1));
  }
  uint64_t* sums() const { return reinterpret_cast<uint64_t*>(slots_ + slot_count_); }

  char* base_ = nullptr;
  size_t bytes_ = 0;
  Slot* slots_ = nullptr;
  FileState state_{};
  uint64_t capacity_ = 0, slot_count_ = 0;
  uint64_t used_ = 0, live_ = 0, total_ = 0, changes_ = 0;
  std::vector<uint64_t> checked_;  // a bit per stripe
  bool doubtful_ = false;
};

/// Three quarters full at most.
inline constexpr double kMaxLoad = 0.75;
inline uint64_t SlotsFor(uint64_t keys) {
  return static_cast<uint64_t>(static_cast<double>(keys) / kMaxLoad) + 1;
}

inline void CopyText(char (&to)[40], std::string_view from) {
  std::memset(to, 0, sizeof to);
  std::memcpy(to, from.data(), std::min(from.size(), sizeof to - 1));
}

inline std::filesystem::path KeyFilePath(const std::filesystem::path& folder) { return folder / "keys.idx"; }

/// `what` could not be done with `path`, by errno. kTransient.
Error KeyFileError(const char* what, const std::filesystem::path& path);

}  // namespace cdc::index
