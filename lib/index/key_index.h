#pragma once

/// \file lib/index/key_index.h
/// key → (data file, row position): how updates and deletes find the row they supersede
/// (docs/decisions/0003).
///
/// One memory-mapped file of 24-byte slots, open addressing. A slot's place is its hash scaled to the
/// capacity, so slots lie in hash order and growing is one sequential pass. All changes of a commit are
/// journalled first (commit_journal.h), and each is done whole or not at all (key_file_internal.h): kill -9
/// at any store leaves an index that replaying the journal makes right. Every part of the file has a
/// checksum, which is looked at before the part is. The table is the truth, the index a cache of it: what is
/// in doubt is rebuilt.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "lib/core/hash128.h"
#include "lib/core/result.h"

namespace cdc::index {

/// Where a row lies. `file` is a number of FileNumbers, `position` the row's ordinal in that data file.
struct Location {
  uint32_t file = 0;
  uint32_t position = 0;
  friend bool operator==(const Location&, const Location&) = default;
};

/// The table state that the index describes.
struct Stamp {
  std::string table_uuid;   ///< at most 36 characters
  int64_t snapshot_id = 0;  ///< 0: the table has no snapshot yet
  /// Of the secret that the keys are hashed with (KeySecret::fingerprint); Create() takes it, for good.
  uint64_t secret = 0;
};

/// What an index is in the middle of, and at which snapshot it will be.
enum class Unfinished : uint64_t { kNothing = 0, kCommit = 1, kCatchUp = 2 };

class KeyFile;
struct FileState;

/// Where a part of the file does not have its checksum, the function that looked at it says so with
/// kTransient, and so does every one after it: the file is taken away, and the next run rebuilds it.
///
/// Not thread-safe; the table's lock keeps other processes away. Mapped, not resident: it is not part of the
/// worker's byte budget.
class KeyIndex {
 public:
  /// An empty index stamped `stamp`, replacing any that `folder` holds. \return kTransient: disk full or
  /// unwritable.
  static Result<std::unique_ptr<KeyIndex>> Create(const std::filesystem::path& folder, const Stamp& stamp);

  /// \param boot_id names the machine's present run (BootId()). What the page cache held before a power loss
  /// is gone: an
  ///        index of another boot that was not closed in order is refused.
  /// \return kNotFound: none there. kCorrupt: damaged, of another format version, or not trustworthy after a
  /// power
  ///         loss; rebuild it.
  static Result<std::unique_ptr<KeyIndex>> Open(const std::filesystem::path& folder,
                                                std::string_view boot_id);

  ~KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  /// Missing() where there is none.
  Result<Location> Find(const Hash128& key) const;
  /// Find for many keys at once, overlapping their cache misses.
  Status FindMany(std::span<const Hash128> keys, std::span<Location> out) const;
  /// Starts fetching where `key` is or would go, for a Find, Put or Erase a dozen keys later.
  void Prefetch(const Hash128& key) const;
  static constexpr Location Missing() { return {UINT32_MAX, UINT32_MAX}; }

  /// Sets or replaces. \return kTransient: the file could not grow; nothing changed.
  Status Put(const Hash128& key, Location location);
  Status Erase(const Hash128& key);
  /// Forgets all keys; the stamp, and what is unfinished, stay. \return kTransient.
  Status Clear();
  /// Whether there is room for as many keys in all without growing.
  bool HasRoom(uint64_t keys) const;
  /// Makes room for `keys` in all, so that a batch of puts grows the file at most once. As long as batches
  /// are large beside the index, it grows by far more than they need; Sync() gives that back.
  /// \param in_the_end about how many keys there will be after all batches that are known to come; 0:
  /// unknown.
  ///        A bulk load then makes room for them at once, within reason.
  Status Reserve(uint64_t keys, uint64_t in_the_end = 0);

  Stamp stamp() const;
  /// Whatever was unfinished is done.
  void SetStamp(const Stamp& stamp);
  /// Before the first change on the way to `snapshot_id`. A run that dies leaves this word.
  void Begin(Unfinished what, int64_t snapshot_id);
  std::pair<Unfinished, int64_t> unfinished() const;

  /// FileNumbers::chain() of the list that has all numbers which entries have. Set before the first entry of
  /// a number is made, unless a commit's journal has the number.
  uint64_t numbers() const;
  void SetNumbers(uint64_t chain);
  /// Keys that it has more than the table has rows, when it was last filled from the table: those of rows
  /// that another engine deleted. Own commits leave the difference what it is. Clear() makes it 0.
  int64_t excess() const;
  void SetExcess(int64_t keys);

  /// The name of a file that goes with the index; 0: none. Lost with it, and where it had to catch up.
  uint64_t moved() const;
  void SetMoved(uint64_t name);

  /// Whether what it said cannot be trusted; all functions say so.
  bool doubtful() const;

  uint64_t size() const;        ///< keys
  uint64_t file_bytes() const;  ///< size of the mapping

  /// Writes everything out, at most 40 bytes per key if there is space for the copy, and marks the file as
  /// surviving a power loss. For the orderly end of a worker. \return kTransient.
  Status Sync();

 private:
  KeyIndex(std::filesystem::path folder, std::unique_ptr<KeyFile> file);
  static Result<std::unique_ptr<KeyFile>> MakeEmpty(const std::filesystem::path& folder,
                                                    const FileState& state);
  Location FindOne(const Hash128& key) const;
  bool ErasedAreInTheWay(uint64_t keys) const;
  Status Grow(uint64_t capacity);
  Status Doubt() const;
  void Unsettle();
  void MarkUnsynced();

  std::filesystem::path folder_;
  std::unique_ptr<KeyFile> file_;
  uint64_t most_used_ = 0;  // before it grows
};

/// The kernel's random id of this boot; empty where there is none.
std::string BootId();

}  // namespace cdc::index
