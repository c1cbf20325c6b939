#pragma once

/// \file lib/expression/lane_internal.h
/// Scratch columns: the values of one part of an expression for up to kChunk rows.

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lib/expression/failure_internal.h"
#include "lib/expression/numeric_internal.h"
#include "lib/expression/value_type_internal.h"
#include "lib/rows/column.h"

namespace cdc::expression {

/// Rows that are computed together: their lanes stay in the second-level cache.
inline constexpr uint32_t kChunk = 1024;

/// rows::Cell, and what an expression has besides: a value that cannot be computed.
using CellState = uint8_t;
inline constexpr CellState kNull = 0, kValue = 1, kUnavailable = 2, kFailed = 3;
static_assert(kNull == static_cast<uint8_t>(rows::Cell::kNull) &&
              kValue == static_cast<uint8_t>(rows::Cell::kValue) &&
              kUnavailable == static_cast<uint8_t>(rows::Cell::kUnavailable));

/// Memory for texts that live as long as a chunk. Blocks are kept, so a steady run allocates nothing.
class Arena {
 public:
  /// `size` bytes, of which the caller may give the last ones back before the next call.
  char* Take(size_t size) {
    while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) Grow(size);
    char* at = blocks_[block_].bytes.get() + used_;
    used_ += size;
    return at;
  }
  void GiveBack(size_t size) { used_ -= size; }
  std::string_view Copy(std::string_view text);
  /// All that was taken is free again. More than kKept bytes go back to the system.
  void Reset();

 private:
  static constexpr size_t kBlock = size_t{64} << 10, kKept = size_t{1} << 20;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  void Grow(size_t size);
  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0;
};

/// One value a row; only the vector of the lane's own kind is used. A constant has one row that stands for
/// all: rows are read at `row & mask`.
struct Lane {
  Base base = Base::kUnknown;
  uint32_t mask = ~uint32_t{0};
  std::vector<CellState> cells;
  std::vector<int64_t> whole;  ///< booleans, integers, dates and times
  std::vector<double> real;    ///< real and double precision
  std::vector<Numeric> numeric;
  std::vector<std::string_view> bytes;  ///< text, bytea, and the 16 bytes of a uuid; owned by batch or arena
  std::vector<Failure> failures;        ///< of rows that failed; empty before the first one

  bool constant() const { return mask == 0; }
  void Prepare(uint32_t rows);
  void Fail(uint32_t row, const Failure& failure);
  /// Row `row` takes what `from` has there and is no value.
  void SpreadFrom(const Lane& from, uint32_t row, CellState cell) {
    cells[row] = cell;
    if (cell == kFailed) Fail(row, from.failures[row & from.mask]);
  }
};

template <typename T>
auto& ValuesOf(Lane& lane) {
  if constexpr (std::is_same_v<T, int64_t>)
    return lane.whole;
  else if constexpr (std::is_same_v<T, double>)
    return lane.real;
  else if constexpr (std::is_same_v<T, Numeric>)
    return lane.numeric;
  else
    return lane.bytes;
}
template <typename T>
const auto& ValuesOf(const Lane& lane) {
  return ValuesOf<T>(const_cast<Lane&>(lane));
}

/// Which of a lane's vectors values of a type lie in.
enum class Storage { kWhole, kReal, kNumeric, kBytes };
Storage StorageOf(Base base);

/// What one operation is told at run time.
struct Call {
  const Lane* const* in;
  size_t count;  ///< of `in`
  Lane* out;
  uint32_t rows;
  Arena* arena;
  int64_t a, b;     ///< the operation's own numbers
  Failure failure;  ///< set by a function that fails for a row

  Reason Fail(Reason reason, TypeWord type = TypeWord::kText, std::string_view detail = {}) {
    failure = {reason, type, detail};
    return reason;
  }
};

/// Computes one lane for `rows` rows from others.
using Kernel = void (*)(Call& call);

/// What a strict operation has where its operands have `a` and `b`: a failure first, then null, and only
/// then what the source did not send.
inline CellState Both(CellState a, CellState b) {
  if (a == kValue) return b;
  if (b == kValue) return a;
  if (a == kFailed || b == kFailed) return kFailed;
  return a == kNull || b == kNull ? kNull : kUnavailable;
}

}  // namespace cdc::expression
