#include "lib/change/toast_size.h"

#include <algorithm>
#include <string_view>

namespace cdc::change {
namespace {

using rows::TypeKind;

/// What is left in the row of a value that was moved out (varatt_external).
constexpr int64_t kPointer = 18;
/// A row of so many bytes is too large (TOAST_TUPLE_THRESHOLD of pages of 8 kB); for a numeric to be moved
/// out it must fill the page (storage MAIN, TOAST_TUPLE_TARGET_MAIN).
constexpr int64_t kTooLarge = 2000, kTooLargeForNumeric = 8100;
/// A text of so many bytes is of a type that is moved out in that order: addresses and numerics, which go
/// last, are shorter.
constexpr int64_t kSurelyExtended = 128;
/// A varying value's length and what aligns it.
constexpr int64_t kVarying = 8;
/// A list's header and the bounds of its one dimension (ArrayType).
constexpr int64_t kListHeader = 24;
/// jsonb takes up to four times its text.
constexpr int64_t kJsonGrowth = 4;

int64_t NumericSize(int precision) { return kVarying + 2 * (int64_t{precision} / 4 + 2); }

bool HasOnly(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == text.npos;
}

/// Texts of inet[], macaddr[], ranges, dates, times, numbers, and bytes in base64 or hex: arrays that have no
/// placeholder, but whose elements come as texts like those of text[].
bool LooksPrinted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF", kAddress = "0123456789abcdefABCDEF.:/",
                             kTime = "0123456789+-.:TZ eE";
  if (text == "empty" || HasOnly(text, kTime) || HasOnly(text, kAddress)) return true;
  if (text.size() % 2 == 0 && HasOnly(text, kHex)) return true;
  const bool opens = !text.empty() && (text.front() == '[' || text.front() == '(');
  if (opens && (text.back() == ']' || text.back() == ')') && text.find(',') != text.npos) return true;
  return text.size() % 4 == 0 && !text.empty() && text.back() == '=' &&
         HasOnly(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=");
}

/// Whether the elements of a list may be of a type without a placeholder.
bool LooksUnmarked(const rows::Column& list, uint32_t row) {
  const rows::Column& element = list.element();
  for (uint32_t i = list.list_begin(row); i < list.list_end(row); ++i) {
    if (!element.has_value(i)) continue;
    switch (element.type().kind) {
      case TypeKind::kString:
        if (!LooksPrinted(element.bytes(i))) return false;
        break;
      case TypeKind::kInt:
      case TypeKind::kLong: {
        const int64_t v =
            element.type().kind == TypeKind::kInt ? element.fixed<int32_t>(i) : element.fixed<int64_t>(i);
        if (v != static_cast<int16_t>(v)) return false;
        break;
      }
      default: break;
    }
  }
  return true;
}

}  // namespace

int64_t StoredSize(const rows::Column& column, uint32_t row) {
  if (column.cell(row) == rows::Cell::kNull) return 0;
  // What was not sent was moved out: it is a pointer now, but was large.
  if (!column.has_value(row)) return kPointer;
  switch (column.type().kind) {
    case TypeKind::kDecimal: return NumericSize(column.type().precision);
    case TypeKind::kBinary: return kVarying + static_cast<int64_t>(column.bytes(row).size());
    case TypeKind::kString: {
      const std::string_view text = column.bytes(row);
      const bool json = !text.empty() && (text.front() == '{' || text.front() == '[');
      return kVarying + static_cast<int64_t>(text.size()) * (json ? kJsonGrowth : 1);
    }
    case TypeKind::kList: {
      int64_t size = kVarying + kListHeader;
      const rows::Column& element = column.element();
      for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) size += StoredSize(element, i);
      return size + (column.list_end(row) - column.list_begin(row)) / 8;
    }
    default: return rows::FixedWidth(column.type().kind);
  }
}

int64_t StoredSize(const rows::Batch& batch, uint32_t row) {
  // Header, null bitmap, and what aligns the columns.
  int64_t size = 24 + static_cast<int64_t>(batch.column_count());
  for (size_t i = 0; i < batch.column_count(); ++i) size += StoredSize(batch.column(i), row);
  return size;
}

bool IsMovable(const rows::Column& column, uint32_t row, bool unsure) {
  if (column.cell(row) == rows::Cell::kUnavailable) return true;
  if (StoredSize(column, row) <= kPointer) return false;
  return !unsure || column.type().kind != TypeKind::kList || LooksUnmarked(column, row);
}

bool MayBeMoved(const rows::Batch& batch, uint32_t row, const Doubt& doubt) {
  const rows::Column& column = batch.column(static_cast<size_t>(doubt.column));
  if (!IsMovable(column, row, doubt.unsure)) return false;
  const int64_t own = StoredSize(column, row);
  int64_t left = StoredSize(batch, row);
  for (size_t i = 0; i < batch.column_count(); ++i) {
    const rows::Column& other = batch.column(i);
    const TypeKind kind = other.type().kind;
    const bool extended = kind == TypeKind::kString || kind == TypeKind::kBinary || kind == TypeKind::kList;
    const int64_t size = extended && other.has_value(row) ? StoredSize(other, row) : 0;
    if (size > own && size >= kSurelyExtended) left -= size - kPointer;
  }
  return left > (column.type().kind == TypeKind::kDecimal ? kTooLargeForNumeric : kTooLarge);
}

}  // namespace cdc::change
