#include "lib/parquet/column_encoder_internal.h"

#include <algorithm>
#include <string>

#include "lib/parquet/bounds_internal.h"
#include "lib/parquet/file_schema_internal.h"

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;
using rows::Cell;
using rows::TypeKind;

/// An array that grows without keeping or clearing its values. (A std::vector<bool> has no array of bool.)
template <typename T>
class Scratch {
 public:
  T* Get(size_t size) {
    if (size > capacity_) {
      capacity_ = size + size / 2;
      data_ = std::make_unique<T[]>(capacity_);
    }
    return data_.get();
  }

 private:
  std::unique_ptr<T[]> data_;
  size_t capacity_ = 0;
};

// A source turns one cell into Parquet's physical value and shows it to the bounds.

template <typename DType, typename Native>
struct FixedSource {
  using Physical = DType;
  explicit FixedSource(const rows::Type&) {}
  void Prepare(size_t) {}
  typename DType::c_type operator()(const rows::Column& column, uint32_t row) {
    const auto v = column.fixed<Native>(row);
    bounds.Add(v);
    return static_cast<typename DType::c_type>(v);
  }
  OrderedBounds<Native> bounds;
};

struct LongDecimalSource {
  using Physical = pq::FLBAType;
  explicit LongDecimalSource(const rows::Type& type)
      : width(static_cast<size_t>(DecimalBytes(type.precision))) {}
  void Prepare(size_t values) { next = arena.Get(values * width); }
  pq::FixedLenByteArray operator()(const rows::Column& column, uint32_t row) {
    auto v = column.fixed<Int128>(row);
    bounds.Add(v);
    uint8_t* const at = next;
    for (size_t i = width; i-- > 0; v >>= 8) at[i] = static_cast<uint8_t>(v & 0xFF);
    next += width;
    return pq::FixedLenByteArray(at);
  }
  OrderedBounds<Int128> bounds;
  size_t width;
  Scratch<uint8_t> arena;
  uint8_t* next = nullptr;
};

struct UuidSource {
  using Physical = pq::FLBAType;
  explicit UuidSource(const rows::Type&) {}
  void Prepare(size_t) {}
  pq::FixedLenByteArray operator()(const rows::Column& column, uint32_t row) {
    const char* const at = column.fixed_data().data() + size_t{row} * 16;
    bounds.Add({at, 16});
    return pq::FixedLenByteArray(reinterpret_cast<const uint8_t*>(at));
  }
  BytesBounds<false> bounds;
};

template <bool kText>
struct BytesSource {
  using Physical = pq::ByteArrayType;
  explicit BytesSource(const rows::Type&) {}
  void Prepare(size_t) {}
  pq::ByteArray operator()(const rows::Column& column, uint32_t row) {
    const std::string_view v = column.bytes(row);
    bounds.Add(v);
    // Parquet's statistics take a null pointer, which a batch of empty values only has, for no value.
    const char* const at = v.empty() ? "" : v.data();
    return pq::ByteArray(static_cast<uint32_t>(v.size()), reinterpret_cast<const uint8_t*>(at));
  }
  BytesBounds<kText> bounds;
};

template <typename Source>
class TypedEncoder final : public ColumnEncoder {
 public:
  explicit TypedEncoder(const rows::Field& field)
      : field_(field),
        list_(field.type.kind == TypeKind::kList),
        source_(list_ ? field.type.element_type() : field.type) {}

  Status Write(const rows::Column& column, std::span<const uint32_t> rows, pq::ColumnWriter* out) override {
    auto* const writer = static_cast<pq::TypedColumnWriter<typename Source::Physical>*>(out);
    return list_ ? WriteLists(column, rows, writer) : WriteCells(column, rows, writer);
  }

  void AddMetrics(iceberg::DataFile* file) const override {
    const int id = list_ ? field_.element_id : field_.id;
    file->value_counts[id] = value_count_;
    file->null_value_counts[id] = null_count_;
    const TypeKind kind = list_ ? field_.type.element : field_.type.kind;
    if (kind == TypeKind::kFloat || kind == TypeKind::kDouble)
      file->nan_value_counts[id] = source_.bounds.nan_count();
    if (list_) return;  // an engine may take an element's bound for the list's
    if (auto bound = source_.bounds.lower()) file->lower_bounds[id] = *std::move(bound);
    if (auto bound = source_.bounds.upper()) file->upper_bounds[id] = *std::move(bound);
  }

 private:
  using Value = typename Source::Physical::c_type;
  using Writer = pq::TypedColumnWriter<typename Source::Physical>;

  Status WriteCells(const rows::Column& column, std::span<const uint32_t> rows, Writer* out) {
    int16_t* const levels = definition_levels_.Get(rows.size());
    Value* const values = values_.Get(rows.size());
    source_.Prepare(rows.size());
    const uint8_t* const cells = column.cells().data();
    size_t count = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto cell = static_cast<Cell>(cells[rows[i]]);
      levels[i] = cell == Cell::kValue;
      if (cell == Cell::kValue) {
        values[count++] = source_(column, rows[i]);
      } else if (cell == Cell::kUnavailable || field_.required) {
        return Absent(cell);
      }
    }
    value_count_ += static_cast<int64_t>(rows.size());
    null_count_ += static_cast<int64_t>(rows.size() - count);
    out->WriteBatch(static_cast<int64_t>(rows.size()), field_.required ? nullptr : levels, nullptr, values);
    return {};
  }

  Status WriteLists(const rows::Column& column, std::span<const uint32_t> rows, Writer* out) {
    size_t slots = 0;
    for (const uint32_t row : rows) slots += std::max(1u, column.list_end(row) - column.list_begin(row));
    int16_t* const definition = definition_levels_.Get(slots);
    int16_t* const repetition = repetition_levels_.Get(slots);
    Value* const values = values_.Get(slots);
    source_.Prepare(slots);
    const int16_t empty = field_.required ? 0 : 1;
    size_t slot = 0;
    size_t count = 0;
    for (const uint32_t row : rows) {
      const Cell cell = column.cell(row);
      if (cell == Cell::kUnavailable || (cell == Cell::kNull && field_.required)) return Absent(cell);
      const uint32_t begin = column.list_begin(row);
      const uint32_t end = column.list_end(row);
      if (begin == end) {
        repetition[slot] = 0;
        definition[slot++] = cell == Cell::kNull ? 0 : empty;
        continue;
      }
      for (uint32_t i = begin; i < end; ++i) {
        const Cell element = column.element().cell(i);
        if (element == Cell::kUnavailable) return Absent(element);
        repetition[slot] = i > begin;
        definition[slot++] = static_cast<int16_t>(empty + (element == Cell::kValue ? 2 : 1));
        if (element == Cell::kValue) values[count++] = source_(column.element(), i);
      }
    }
    value_count_ += static_cast<int64_t>(slot);
    null_count_ += static_cast<int64_t>(slot - count);
    out->WriteBatch(static_cast<int64_t>(slot), definition, repetition, values);
    return {};
  }

  Error Absent(Cell cell) const {
    if (cell == Cell::kNull) {
      return Error{ErrorKind::kBadValue, "cannot write a null into required column " + field_.name};
    }
    return Error{ErrorKind::kBadValue, "cannot write column " + field_.name +
                                           ": its unchanged value was not looked up in the old row"};
  }

  const rows::Field field_;
  const bool list_;
  Source source_;
  Scratch<int16_t> definition_levels_;
  Scratch<int16_t> repetition_levels_;
  Scratch<Value> values_;
  int64_t value_count_ = 0;
  int64_t null_count_ = 0;
};

template <typename DType, typename Native>
using FixedEncoder = TypedEncoder<FixedSource<DType, Native>>;

}  // namespace

std::unique_ptr<ColumnEncoder> ColumnEncoder::Make(const rows::Field& field) {
  const rows::Type leaf = field.type.kind == TypeKind::kList ? field.type.element_type() : field.type;
  switch (leaf.kind) {
    case TypeKind::kBoolean: return std::make_unique<FixedEncoder<pq::BooleanType, uint8_t>>(field);
    case TypeKind::kInt:
    case TypeKind::kDate: return std::make_unique<FixedEncoder<pq::Int32Type, int32_t>>(field);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return std::make_unique<FixedEncoder<pq::Int64Type, int64_t>>(field);
    case TypeKind::kFloat: return std::make_unique<FixedEncoder<pq::FloatType, float>>(field);
    case TypeKind::kDouble: return std::make_unique<FixedEncoder<pq::DoubleType, double>>(field);
    case TypeKind::kDecimal:
      if (leaf.precision <= 9) return std::make_unique<FixedEncoder<pq::Int32Type, Int128>>(field);
      if (leaf.precision <= 18) return std::make_unique<FixedEncoder<pq::Int64Type, Int128>>(field);
      return std::make_unique<TypedEncoder<LongDecimalSource>>(field);
    case TypeKind::kUuid: return std::make_unique<TypedEncoder<UuidSource>>(field);
    case TypeKind::kString: return std::make_unique<TypedEncoder<BytesSource<true>>>(field);
    case TypeKind::kBinary: return std::make_unique<TypedEncoder<BytesSource<false>>>(field);
    case TypeKind::kList: break;
  }
  return nullptr;
}

}  // namespace cdc::parquet
