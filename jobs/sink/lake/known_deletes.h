#pragma once

/// \file jobs/sink/lake/known_deletes.h
/// Which rows of data files are deleted, kept from commit to commit as far as there is memory for it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "jobs/sink/lake/position_set.h"

namespace cdc::lake_sink {

/// A cache: data files that it does not know are read from the table. Not thread-safe.
class KnownDeletes {
 public:
  /// \param max_bytes that the sets may take; a single one may take more
  explicit KnownDeletes(size_t max_bytes) : max_bytes_(max_bytes) {}

  /// \return null: not known. Valid until the next call that changes something.
  const PositionSet* Find(const std::string& data_path) const;

  /// Keeps all that is deleted of a data file. Beyond the limit any others are forgotten; not all, for a
  /// table a little beyond it would read all of them for every commit. \return valid as Find()'s
  const PositionSet* Keep(const std::string& data_path, PositionSet deleted);

  /// More is deleted of a data file. One that is not known stays so: the rest of it is not known either.
  void Add(const std::string& data_path, std::span<const int64_t> more);

  void Forget(const std::string& data_path);
  void ForgetAll();

  size_t byte_size() const { return bytes_; }

 private:
  void Limit(const std::string& kept);

  std::unordered_map<std::string, PositionSet> known_;
  size_t bytes_ = 0;
  size_t max_bytes_;
};

}  // namespace cdc::lake_sink
