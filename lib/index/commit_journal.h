#pragma once

/// \file lib/index/commit_journal.h
/// What a commit is about to do, written down before it is sent: which snapshot on which parent, which files,
/// and how the key index changes. After a crash it says whether the index must be brought forward, and which
/// files are orphans.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/hash128.h"
#include "lib/core/result.h"
#include "lib/index/key_index.h"

namespace cdc::index {

struct KeyChange {
  Hash128 key;
  Location location;  ///< KeyIndex::Missing(): the key is gone
};

struct CommitIntent {
  std::string table_uuid;
  uint64_t secret = 0;             ///< of the changes' hashes: KeySecret::fingerprint
  int64_t parent_snapshot_id = 0;  ///< 0: the table had none
  int64_t snapshot_id = 0;
  bool clears = false;  ///< TRUNCATE: all keys before this commit are forgotten first
  /// `changes` is empty: what the index is to learn are the keys of the new files, which are read from them
  /// if the commit's own run does not get to it. For rewrites, whose keys are many, and all there already.
  bool keys_in_files = false;
  std::vector<std::pair<uint32_t, std::string>> new_files;  ///< file number, path; for FileNumbers
  std::vector<std::string> attempt_files;  ///< everything this attempt wrote: orphans if it never commits
  std::vector<KeyChange> changes;
  /// How many of the changes' keys the index does not have, where that is known. Not written down.
  std::optional<uint64_t> new_keys;
  /// About how many more keys the commits behind this one will bring. A guess; not written down.
  uint64_t keys_to_come = 0;
};

/// Writes the intent (atomically replacing the last). \return kTransient.
Status WriteJournal(const std::filesystem::path& folder, const CommitIntent& intent);

/// \return nothing when there is no journal, or it is incomplete (then its commit was never sent).
/// kTransient.
Result<std::optional<CommitIntent>> ReadJournal(const std::filesystem::path& folder);

void RemoveJournal(const std::filesystem::path& folder);

/// Puts and erases, those of one key in order, with overlapping cache misses. \return kTransient: the file
/// could not grow.
Status PutMany(std::span<const KeyChange> changes, KeyIndex* index);

/// Points keys[i] to row i of data file `file`, but for the rows `skipped`. \param skipped ascending
/// \return kTransient: the file could not grow.
Status PutFile(std::span<const Hash128> keys, uint32_t file, std::span<const int64_t> skipped,
               KeyIndex* index);

/// Applies the intent's changes; not for one with keys_in_files. May be repeated: each change sets a final
/// state. \return kTransient.
Status Apply(const CommitIntent& intent, KeyIndex* index);

}  // namespace cdc::index
