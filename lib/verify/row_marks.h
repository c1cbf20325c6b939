#pragma once

/// \file lib/verify/row_marks.h
/// Sums over many rows and marks of single ones: what two sides are compared by. Pure.

#include <cstdint>
#include <vector>

#include "lib/core/decimal.h"

namespace cdc::verify {

/// Rows whose keys' hashes end alike.
struct Bucket {
  int64_t rows = 0;
  Int128 sum = 0;  ///< of the rows' hashes: whatever their order

  friend bool operator==(const Bucket&, const Bucket&) = default;
};
using Buckets = std::vector<Bucket>;

/// A power of two between 16 and 65,536, so that a bucket has about 150 of `rows` rows.
size_t BucketCount(int64_t rows);
inline size_t BucketOf(int64_t key, size_t count) { return static_cast<uint64_t>(key) & (count - 1); }

/// Where a side finds a row again, as long as its moment lasts.
struct Place {
  uint32_t file = 0;  ///< or relation
  int64_t at = 0;     ///< position in it; of a relation: block × 2^16 + line
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct RowMark {
  int64_t key = 0;  ///< hash of the key; of a table without one: of the whole row
  int64_t row = 0;
  Place place = {};
  /// Who wrote it: the transaction (xmin); in Iceberg the file and position, which no other row ever has.
  uint64_t version = 0;
};

/// Rows of one key that the two sides do not both have.
struct KeyDifference {
  int64_t key = 0;
  std::vector<RowMark> source, target;  ///< ordered by `row`
};

/// Keys whose rows are not the same on both sides, each as often, in the order of the keys' hashes.
std::vector<KeyDifference> Compare(std::vector<RowMark> source, std::vector<RowMark> target);

enum class DifferenceKind { kMissing, kExtra, kDuplicate, kChanged };
const char* ToString(DifferenceKind kind);

/// Missing: the target has fewer. Extra: the source has none. Duplicate: the target has it more often.
DifferenceKind KindOf(const KeyDifference& difference, bool keyed);

/// Whether nobody wrote the key's rows between two looks, on either side. Compaction writes, too.
bool IsUnchanged(const KeyDifference& before, const KeyDifference& now);

/// Which buckets differ, as many of them, from `first` on, as have `most_rows` rows, at least one.
struct BucketSlice {
  std::vector<bool> buckets;  ///< by number
  size_t chosen = 0;
  size_t next = 0;  ///< bucket to go on from; the count of buckets: none is left
};
BucketSlice ChooseBuckets(const Buckets& source, const Buckets& target, size_t first, int64_t most_rows);

}  // namespace cdc::verify
