#include "lib/rows/column.h"

#include <cassert>

namespace cdc::rows {

Column::Column(Type type) : type_(type), width_(FixedWidth(type.kind)) {
  if (width_ == 0) offsets_.push_back(0);
  if (type.kind == TypeKind::kList) element_ = std::make_unique<Column>(type.element_type());
}

void Column::AppendUuid(const char (&v)[16]) {
  assert(type_.kind == TypeKind::kUuid);
  fixed_.insert(fixed_.end(), v, v + 16);
  cells_.push_back(static_cast<uint8_t>(Cell::kValue));
}

void Column::AppendBytes(std::string_view v) {
  bytes_.insert(bytes_.end(), v.begin(), v.end());
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
  cells_.push_back(static_cast<uint8_t>(Cell::kValue));
}

char* Column::AppendBytesUninitialized(size_t size) {
  const size_t at = bytes_.size();
  bytes_.resize(at + size);
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
  cells_.push_back(static_cast<uint8_t>(Cell::kValue));
  return bytes_.data() + at;
}

void Column::TrimLast(size_t unused_bytes) {
  bytes_.resize(bytes_.size() - unused_bytes);
  offsets_.back() = static_cast<int64_t>(bytes_.size());
}

void Column::EndList() {
  offsets_.push_back(element_->size());
  cells_.push_back(static_cast<uint8_t>(Cell::kValue));
}

void Column::AppendAbsent(Cell cell) {
  if (width_ > 0) {
    fixed_.resize(fixed_.size() + static_cast<size_t>(width_), '\0');
  } else {
    offsets_.push_back(offsets_.back());
  }
  cells_.push_back(static_cast<uint8_t>(cell));
}

void Column::AppendFrom(const Column& other, uint32_t row) {
  if (!other.has_value(row)) return AppendAbsent(other.cell(row));
  if (type_.kind == TypeKind::kList) {
    for (uint32_t i = other.list_begin(row); i < other.list_end(row); ++i)
      element_->AppendFrom(*other.element_, i);
    return EndList();
  }
  if (width_ == 0) return AppendBytes(other.bytes(row));
  if (other.width_ == width_) {
    const char* from = other.fixed_.data() + size_t{row} * static_cast<size_t>(width_);
    fixed_.insert(fixed_.end(), from, from + width_);
    cells_.push_back(static_cast<uint8_t>(Cell::kValue));
  } else if (type_.kind == TypeKind::kDouble) {
    AppendDouble(other.fixed<float>(row));
  } else {
    assert(type_.kind == TypeKind::kLong && other.type_.kind == TypeKind::kInt);
    AppendLong(other.fixed<int32_t>(row));
  }
}

void Column::ReplaceLastFrom(uint32_t row) {
  Truncate(size() - 1);
  // The copy goes through a second column: appending to a vector from itself may read what growing has freed.
  Column copy(type_);
  copy.AppendFrom(*this, row);
  AppendFrom(copy, 0);
}

void Column::Truncate(uint32_t rows) {
  if (rows >= size()) {
    // A list whose elements were begun but never ended leaves elements behind the last offset.
    if (element_) element_->Truncate(static_cast<uint32_t>(offsets_.back()));
    return;
  }
  cells_.resize(rows);
  if (width_ > 0) {
    fixed_.resize(size_t{rows} * static_cast<size_t>(width_));
    return;
  }
  offsets_.resize(size_t{rows} + 1);
  if (element_) {
    element_->Truncate(static_cast<uint32_t>(offsets_.back()));
  } else {
    bytes_.resize(static_cast<size_t>(offsets_.back()));
  }
}

size_t Column::byte_size() const {
  return cells_.size() + fixed_.size() + offsets_.size() * sizeof(int64_t) + bytes_.size() +
         (element_ ? element_->byte_size() : 0);
}

}  // namespace cdc::rows
