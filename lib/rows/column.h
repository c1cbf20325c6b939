#pragma once

/// \file lib/rows/column.h
/// Typed, growing columns: the form a row has between the event that brought it and the file it ends in.

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/decimal.h"
#include "lib/rows/type.h"

namespace cdc::rows {

/// What a cell holds. kUnavailable is a value that the source did not send because it did not change
/// (Debezium's TOAST placeholder): it must be taken from the row's previous version before the row may be
/// written.
enum class Cell : uint8_t { kNull = 0, kValue = 1, kUnavailable = 2 };

/// Leaves values that resize() makes unset: they are written right after.
template <typename T>
struct UnsetAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  template <typename U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};
using Bytes = std::vector<char, UnsetAllocator<char>>;

/// One column of a Batch. Values lie side by side: fixed-width ones in `fixed_data` (width FixedWidth(kind),
/// host order; a null or unavailable cell takes a zeroed slot), strings and binaries in `bytes` between
/// `offsets`, lists as ranges of `element()` between `offsets`. Not thread-safe. Callers append values of the
/// column's own kind only; debug builds assert it.
class Column {
 public:
  explicit Column(Type type);
  Column(Column&&) noexcept = default;
  Column& operator=(Column&&) noexcept = default;

  const Type& type() const { return type_; }
  uint32_t size() const { return static_cast<uint32_t>(cells_.size()); }
  Cell cell(uint32_t row) const { return static_cast<Cell>(cells_[row]); }
  bool has_value(uint32_t row) const { return cell(row) == Cell::kValue; }

  void AppendNull() { AppendAbsent(Cell::kNull); }
  void AppendUnavailable() { AppendAbsent(Cell::kUnavailable); }
  void AppendBoolean(bool v) { AppendFixed<uint8_t>(v ? 1 : 0); }
  void AppendInt(int32_t v) { AppendFixed(v); }   ///< kInt, kDate
  void AppendLong(int64_t v) { AppendFixed(v); }  ///< kLong, kTime, kTimestamp, kTimestamptz
  void AppendFloat(float v) { AppendFixed(v); }
  void AppendDouble(double v) { AppendFixed(v); }
  void AppendDecimal(Int128 v) { AppendFixed(v); }
  void AppendUuid(const char (&v)[16]);
  void AppendBytes(std::string_view v);  ///< kString, kBinary

  /// kString, kBinary: `size` bytes to be filled by the caller before the next append; for decoding in place.
  /// TrimLast() gives back what was not needed of them.
  char* AppendBytesUninitialized(size_t size);
  void TrimLast(size_t unused_bytes);

  /// kList: values appended to element() between these two calls are the cell's elements.
  Column& BeginList() { return *element_; }
  void EndList();

  /// Appends `other`'s cell `row`; the types must be equal, or `other`'s promotable to this one's
  /// (CanPromote).
  void AppendFrom(const Column& other, uint32_t row);

  /// Replaces the last cell by a copy of cell `row` of this column.
  void ReplaceLastFrom(uint32_t row);

  /// Drops all rows from `rows` on: undoes a half-appended row.
  void Truncate(uint32_t rows);
  void Clear() { Truncate(0); }

  template <typename T>
  T fixed(uint32_t row) const {
    T v;
    std::memcpy(&v, fixed_.data() + size_t{row} * sizeof(T), sizeof(T));
    return v;
  }
  std::string_view bytes(uint32_t row) const {
    return {bytes_.data() + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])};
  }
  /// kList: cell `row` is element()'s rows [list_begin(row), list_begin(row + 1)).
  uint32_t list_begin(uint32_t row) const { return static_cast<uint32_t>(offsets_[row]); }
  uint32_t list_end(uint32_t row) const { return static_cast<uint32_t>(offsets_[row + 1]); }
  const Column& element() const { return *element_; }

  const std::vector<uint8_t>& cells() const { return cells_; }  ///< one Cell per row
  const Bytes& fixed_data() const { return fixed_; }
  const std::vector<int64_t>& offsets() const {
    return offsets_;
  }  ///< size() + 1 entries; varying width only
  const Bytes& bytes_data() const { return bytes_; }

  /// Bytes in use, for the worker's byte budget.
  size_t byte_size() const;

 private:
  void AppendAbsent(Cell cell);
  template <typename T>
  void AppendFixed(T v) {
    const size_t at = fixed_.size();
    fixed_.resize(at + sizeof(T));
    std::memcpy(fixed_.data() + at, &v, sizeof(T));
    cells_.push_back(static_cast<uint8_t>(Cell::kValue));
  }

  Type type_;
  int width_;  // FixedWidth(type_.kind)
  std::vector<uint8_t> cells_;
  Bytes fixed_;
  std::vector<int64_t> offsets_;
  Bytes bytes_;
  std::unique_ptr<Column> element_;
};

}  // namespace cdc::rows
