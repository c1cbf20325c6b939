#include "lib/verify/row_marks.h"

#include <algorithm>
#include <tuple>

namespace cdc::verify {
namespace {

void Order(std::vector<RowMark>* marks) {
  std::sort(marks->begin(), marks->end(), [](const RowMark& a, const RowMark& b) {
    return std::tie(a.key, a.row, a.version, a.place) < std::tie(b.key, b.row, b.version, b.place);
  });
}

bool SameWritten(const std::vector<RowMark>& a, const std::vector<RowMark>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RowMark& x, const RowMark& y) {
    return x.row == y.row && x.version == y.version;
  });
}

bool SameRows(const std::vector<RowMark>& a, const std::vector<RowMark>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RowMark& x, const RowMark& y) { return x.row == y.row; });
}

/// The marks of `key` at `*at`, which goes on behind them.
std::vector<RowMark> Take(const std::vector<RowMark>& marks, int64_t key, size_t* at) {
  std::vector<RowMark> taken;
  while (*at < marks.size() && marks[*at].key == key) taken.push_back(marks[(*at)++]);
  return taken;
}

}  // namespace

size_t BucketCount(int64_t rows) {
  constexpr int64_t kRowsEach = 150;
  constexpr size_t kLeast = 16, kMost = 65'536;
  size_t count = kLeast;
  while (count < kMost && static_cast<int64_t>(count) * kRowsEach < rows) count *= 2;
  return count;
}

std::vector<KeyDifference> Compare(std::vector<RowMark> source, std::vector<RowMark> target) {
  Order(&source);
  Order(&target);
  std::vector<KeyDifference> found;
  for (size_t s = 0, t = 0; s < source.size() || t < target.size();) {
    const bool from_source = t == target.size() || (s < source.size() && source[s].key <= target[t].key);
    KeyDifference difference;
    difference.key = from_source ? source[s].key : target[t].key;
    difference.source = Take(source, difference.key, &s);
    difference.target = Take(target, difference.key, &t);
    if (!SameRows(difference.source, difference.target)) found.push_back(std::move(difference));
  }
  return found;
}

const char* ToString(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kMissing: return "missing";
    case DifferenceKind::kExtra: return "extra";
    case DifferenceKind::kDuplicate: return "duplicate";
    case DifferenceKind::kChanged: return "changed";
  }
  return "changed";
}

DifferenceKind KindOf(const KeyDifference& difference, bool keyed) {
  const size_t source = difference.source.size(), target = difference.target.size();
  if (source == 0) return DifferenceKind::kExtra;
  if (target == 0 || (!keyed && target < source)) return DifferenceKind::kMissing;
  return target > source ? DifferenceKind::kDuplicate : DifferenceKind::kChanged;
}

bool IsUnchanged(const KeyDifference& before, const KeyDifference& now) {
  return before.key == now.key && SameWritten(before.source, now.source) &&
         SameWritten(before.target, now.target);
}

BucketSlice ChooseBuckets(const Buckets& source, const Buckets& target, size_t first, int64_t most_rows) {
  BucketSlice slice;
  slice.buckets.resize(source.size());
  int64_t rows = 0;
  for (slice.next = first; slice.next < source.size(); ++slice.next) {
    const Bucket& a = source[slice.next];
    const Bucket& b = target[slice.next];
    if (a == b) continue;
    rows += std::max(a.rows, b.rows);
    if (slice.chosen > 0 && rows > most_rows) break;
    slice.buckets[slice.next] = true;
    ++slice.chosen;
  }
  return slice;
}

}  // namespace cdc::verify
