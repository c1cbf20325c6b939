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

/// A number per data file, never used again for another; kept in an append-only file beside the index. Not
/// thread-safe.
class FileNumbers {
 public:
  /// \return kTransient: unreadable or unwritable. A torn last line is dropped: its commit's journal repeats
  /// it.
  static Result<FileNumbers> Open(const std::filesystem::path& folder);
  /// An empty list that replaces any other.
  static Result<FileNumbers> Create(const std::filesystem::path& folder);

  /// The number that the next new file gets. Not taken before Add().
  uint32_t next() const { return next_; }
  /// Repeating an entry is no error. \return kTransient.
  Status Add(uint32_t number, const std::string& path);
  /// Drops all entries but those that `keep` accepts; numbers stay unique. \return kTransient: nothing was
  /// dropped.
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

  std::filesystem::path file_;
  std::map<uint32_t, std::string> paths_;
  std::unordered_map<std::string, uint32_t> numbers_;
  uint32_t next_ = 1;
};

}  // namespace cdc::index
