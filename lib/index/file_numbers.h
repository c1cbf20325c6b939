#pragma once

/// \file lib/index/file_numbers.h
/// Short numbers for the data files that index entries point to.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "lib/core/result.h"

namespace cdc::index {

/// A number per data file, never used again for another; kept in an append-only file beside the index.
///
/// Each line carries a checksum of itself and of all lines before it. That of the last line is the list's
/// chain: the index keeps the chain of the list that it was made with (KeyIndex::numbers), so neither an
/// older list than the index nor another one is taken for its own, and what a newer list has more is known.
/// Not thread-safe.
class FileNumbers {
 public:
  /// The list as it was when its chain was `chain`; what came behind that is dropped: the journal of the
  /// commit that added it repeats it, or the files are read again.
  ///
  /// \return kNotFound: none there. kCorrupt: damaged, or it never had that chain; the index is lost, too.
  /// kTransient: unreadable or unwritable.
  static Result<FileNumbers> Open(const std::filesystem::path& folder, uint64_t chain);
  /// An empty list that replaces any other. \return kTransient.
  static Result<FileNumbers> Create(const std::filesystem::path& folder);

  uint64_t chain() const { return chain_; }
  /// The number that the next new file gets. Not taken before Add() or Take().
  uint32_t next() const { return next_; }
  /// Takes a number for a file that Add() names later. \return kTransient.
  Status Take(uint32_t number) { return Add(number, ""); }
  /// Repeating an entry is no error. \return kTransient.
  Status Add(uint32_t number, const std::string& path);
  /// Drops all entries but those that `keep` accepts; numbers stay unique. Until it has said its new chain to
  /// the index, a run may die: the list still opens for the chain it had before. \return kTransient: nothing
  /// was dropped.
  Status Retain(const std::function<bool(const std::string& path)>& keep);

  /// Makes the list outlive a power loss. \return kTransient.
  Status Sync();

  /// nullptr: unknown.
  const std::string* PathOf(uint32_t number) const;
  /// UINT32_MAX: unknown.
  uint32_t NumberOf(const std::string& path) const;
  size_t size() const { return paths_.size(); }

 private:
  explicit FileNumbers(std::filesystem::path file) : file_(std::move(file)) {}
  Status Replace(const std::map<uint32_t, std::string>& entries, uint64_t former);
  void Learn(uint32_t number, const std::string& path);
  bool Read(std::string_view text, uint64_t chain, size_t* end);

  std::filesystem::path file_;
  std::map<uint32_t, std::string> paths_;  // empty: taken
  std::unordered_map<std::string, uint32_t> numbers_;
  uint32_t next_ = 1;
  uint64_t chain_ = 0;
};

}  // namespace cdc::index
