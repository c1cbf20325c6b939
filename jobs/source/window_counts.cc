#include "jobs/source/window_counts.h"

#include "jobs/source/row_rules.h"

namespace cdc::source {
namespace {

/// Windows whose counts are kept in mind.
constexpr size_t kMostKept = 100'000;

}  // namespace

Result<int64_t> WindowCounts::Present(const Hash128& window, const rows::KeyRow& values,
                                      const rows::Batch& batch, size_t n) {
  if (const auto known = counts_.find(window); known != counts_.end()) return known->second;
  rows::Batch present(batch.shared_schema());
  CDC_ASSIGN(const bool there, table_.ReadRow(window, values, &present));
  return there && present.column(n).has_value(0) ? present.column(n).fixed<int64_t>(0) : int64_t{0};
}

Result<Hash128> WindowCounts::Add(uint32_t row, const std::vector<int>& key, rows::KeyHasher& hasher,
                                  Fold* fold) {
  rows::Batch& batch = fold->batch();
  for (const int at : key) {
    if (batch.column(static_cast<size_t>(at)).has_value(row)) continue;
    const std::string& name = batch.schema().fields[static_cast<size_t>(at)].name;
    return Error{ErrorKind::kBadValue,
                 "the group '" + name + "' is null, and a group has a value: write coalesce(…, '…') in `by`"};
  }
  const auto n = static_cast<size_t>(batch.schema().IndexOf(kCount));
  const Hash128 window = hasher(batch, row);
  // What the batch has of windows that are forgotten here would be counted anew.
  if (counts_.size() >= kMostKept && fold->slots().empty()) counts_.clear();
  CDC_ASSIGN(const int64_t before, Present(window, {&batch, row, &key}, batch, n));
  batch.column(n).AppendLong(before + 1);
  counts_[window] = before + 1;
  return window;
}

}  // namespace cdc::source
