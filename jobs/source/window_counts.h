#pragma once

/// \file jobs/source/window_counts.h
/// Counts in place of rows: each event adds one to the row of its window and group.

#include <unordered_map>
#include <vector>

#include "jobs/source/words.h"
#include "jobs/worker/table.h"

namespace cdc::source {

/// The counts are the table's own, plus those of the batch: a commit has both the offsets and the counts up
/// to them, so an event that is read again finds the count without it. Not thread-safe.
class WindowCounts {
 public:
  explicit WindowCounts(worker::Table& table) : table_(table) {}

  /// Completes `row`, the last one of the fold's batch: its column `n` is one more than before.
  /// \param key positions of the key's columns: the window and its groups \param hasher of the key
  /// \return the row's key. kBadValue: a group is null; errors of Table::ReadRow().
  Result<Hash128> Add(uint32_t row, const std::vector<int>& key, rows::KeyHasher& hasher, Fold* fold);

 private:
  Result<int64_t> Present(const Hash128& window, const rows::KeyRow& values, const rows::Batch& batch,
                          size_t n);

  worker::Table& table_;
  std::unordered_map<Hash128, int64_t> counts_;  // of windows that were met lately
};

}  // namespace cdc::source
