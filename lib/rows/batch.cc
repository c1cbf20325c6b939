#include "lib/rows/batch.h"

#include <cmath>
#include <limits>

namespace cdc::rows {
namespace {

void AppendRaw(std::vector<char>* out, const void* data, size_t size) {
  const auto* p = static_cast<const char*>(data);
  out->insert(out->end(), p, p + size);
}

void AppendReal(std::vector<char>* out, double v) {
  if (v == 0) v = 0;  // not -0.0
  if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
  AppendRaw(out, &v, sizeof v);
}

/// A cell that is no list.
void AppendScalar(const Column& column, uint32_t row, std::vector<char>* out) {
  switch (column.type().kind) {
    case TypeKind::kInt:
    case TypeKind::kDate: {
      const int64_t v = column.fixed<int32_t>(row);
      return AppendRaw(out, &v, sizeof v);
    }
    case TypeKind::kFloat: return AppendReal(out, column.fixed<float>(row));
    case TypeKind::kDouble: return AppendReal(out, column.fixed<double>(row));
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const std::string_view v = column.bytes(row);
      const uint64_t size = v.size();
      AppendRaw(out, &size, sizeof size);
      return AppendRaw(out, v.data(), v.size());
    }
    default: {
      const auto width = static_cast<size_t>(FixedWidth(column.type().kind));
      return AppendRaw(out, column.fixed_data().data() + row * width, width);
    }
  }
}

}  // namespace

void AppendCanonical(const Column& column, uint32_t row, std::vector<char>* out) {
  out->push_back(column.has_value(row) ? 1 : 0);
  if (!column.has_value(row)) return;
  if (column.type().kind != TypeKind::kList) return AppendScalar(column, row, out);
  const uint64_t size = column.list_end(row) - column.list_begin(row);
  AppendRaw(out, &size, sizeof size);
  for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i)
    AppendCanonical(column.element(), i, out);
}

Batch::Batch(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
  columns_.reserve(schema_->fields.size());
  for (const Field& field : schema_->fields) columns_.emplace_back(field.type);
}

void Batch::Truncate(uint32_t rows) {
  for (Column& column : columns_) column.Truncate(rows);
}

size_t Batch::byte_size() const {
  size_t total = 0;
  for (const Column& column : columns_) total += column.byte_size();
  return total;
}

bool SameCells(const Batch& batch, uint32_t a, uint32_t b, const std::vector<int>& columns) {
  std::vector<char> left, right;
  for (const int at : columns) {
    const Column& column = batch.column(static_cast<size_t>(at));
    if (column.cell(a) == Cell::kUnavailable || column.cell(b) == Cell::kUnavailable) continue;
    left.clear();
    right.clear();
    AppendCanonical(column, a, &left);
    AppendCanonical(column, b, &right);
    if (left != right) return false;
  }
  return true;
}

Hash128 KeyHasher::operator()(const Batch& batch, uint32_t row) {
  scratch_.clear();
  for (const int c : columns_) AppendCanonical(batch.column(static_cast<size_t>(c)), row, &scratch_);
  return KeyedHash(secret_, {scratch_.data(), scratch_.size()});
}

}  // namespace cdc::rows
