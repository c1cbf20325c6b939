#pragma once

/// \file jobs/source/tainted_keys.h
/// Keys whose row in the table is out of date because a change of theirs was dead-lettered. Until a whole row
/// comes, an event that depends on their old row is dead-lettered too.

#include <filesystem>
#include <unordered_set>

#include "lib/core/keyed_hash.h"
#include "lib/core/result.h"

namespace cdc::source {

/// Kept in one small file beside the key index. It may hold a key too many after a crash, never one too few.
/// Not thread-safe.
class TaintedKeys {
 public:
  /// \param file need not exist; empty: kept in memory only
  /// \param secret of the keys' hashes; must outlive this, and be the table's when something is saved
  /// \return kUnsupported: damaged, or with hashes of another secret: which rows are out of date is lost.
  static Result<TaintedKeys> Load(std::filesystem::path file, const KeySecret& secret,
                                  const std::string& table);

  bool Contains(const Hash128& key) const { return !keys_.empty() && keys_.contains(key); }
  bool empty() const { return keys_.empty(); }
  /// Whether a commit has something to save here.
  bool has_changes() const { return added_ || !healed_.empty(); }
  void Add(const Hash128& key) { added_ |= keys_.insert(key).second; }
  void Remove(const Hash128& key) {
    if (!keys_.empty() && keys_.erase(key) > 0) healed_.insert(key);
  }
  void Clear() {
    healed_.merge(keys_);
    keys_.clear();
  }
  /// Before a commit: what it taints is on disk, what it heals still is. \return kTransient.
  Status SaveBeforeCommit();
  /// After it: what it healed is forgotten. \return kTransient.
  Status SaveAfterCommit();

 private:
  TaintedKeys(std::filesystem::path file, const KeySecret& secret)
      : file_(std::move(file)), secret_(&secret) {}

  std::filesystem::path file_;
  const KeySecret* secret_;
  Status Write(bool with_healed);

  std::unordered_set<Hash128> keys_;
  std::unordered_set<Hash128> healed_;  // by what is not committed yet
  bool added_ = false;                  // keys_ has more than the file
};

}  // namespace cdc::source
