#include "tests/unit/parquet/sample_rows.h"

#include <limits>

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

Int128 Nines(int digits) {
  Int128 v = 0;
  for (int i = 0; i < digits; ++i) v = v * 10 + 9;
  return v;
}

bool SameCell(const rows::Column& a, const rows::Column& b, uint32_t i, uint32_t j) {
  if (a.cell(i) != b.cell(j)) return false;
  if (!a.has_value(i)) return true;
  const TypeKind kind = a.type().kind;
  if (kind == TypeKind::kList) {
    if (a.list_end(i) - a.list_begin(i) != b.list_end(j) - b.list_begin(j)) return false;
    for (uint32_t k = 0; k < a.list_end(i) - a.list_begin(i); ++k) {
      if (!SameCell(a.element(), b.element(), a.list_begin(i) + k, b.list_begin(j) + k)) return false;
    }
    return true;
  }
  const auto width = static_cast<size_t>(rows::FixedWidth(kind));
  if (width == 0) return a.bytes(i) == b.bytes(j);
  return std::memcmp(a.fixed_data().data() + i * width, b.fixed_data().data() + j * width, width) == 0;
}

template <typename T>
void AppendFloats(rows::Column& column, void (rows::Column::*append)(T)) {
  (column.*append)(-std::numeric_limits<T>::infinity());
  (column.*append)(std::numeric_limits<T>::infinity());
  column.AppendNull();
  (column.*append)(std::numeric_limits<T>::quiet_NaN());
  (column.*append)(T(-0.0));
}

void AppendDecimals(rows::Column& column, int precision) {
  column.AppendDecimal(-Nines(precision));
  column.AppendDecimal(Nines(precision));
  column.AppendNull();
  column.AppendDecimal(0);
  column.AppendDecimal(-129);
}

void AppendUuids(rows::Column& column) {
  char uuid[16];
  std::memset(uuid, 0, 16);
  column.AppendUuid(uuid);
  std::memset(uuid, 0xFF, 16);
  column.AppendUuid(uuid);
  column.AppendNull();
  std::memset(uuid, 0x80, 16);
  column.AppendUuid(uuid);
  std::memset(uuid, 0x41, 16);
  column.AppendUuid(uuid);
}

void AppendLists(rows::Column& longs, rows::Column& strings, rows::Column& decimals) {
  longs.BeginList().AppendLong(std::numeric_limits<int64_t>::min());
  longs.EndList();
  longs.BeginList().AppendLong(1);
  longs.BeginList().AppendNull();
  longs.BeginList().AppendLong(3);
  longs.EndList();
  longs.AppendNull();
  longs.EndList();
  longs.BeginList().AppendNull();
  longs.EndList();

  strings.EndList();
  strings.BeginList().AppendBytes("");
  strings.BeginList().AppendBytes("ö");
  strings.EndList();
  strings.AppendNull();
  strings.BeginList().AppendNull();
  strings.BeginList().AppendNull();
  strings.EndList();
  strings.BeginList().AppendBytes("x");
  strings.EndList();

  for (int row = 0; row < 5; ++row) {
    if (row == 2) {
      decimals.AppendNull();
      continue;
    }
    decimals.BeginList().AppendDecimal(row == 0 ? -Nines(38) : Nines(38) - row);
    decimals.EndList();
  }
}

}  // namespace

std::shared_ptr<rows::Schema> SampleSchema() {
  auto schema = std::make_shared<rows::Schema>();
  const auto add = [&](const char* name, Type type, bool required = false) {
    const int id = static_cast<int>(schema->fields.size()) + 1;
    schema->fields.push_back({id, type.kind == TypeKind::kList ? 100 + id : 0, name, required, type});
  };
  add("id", Type::Of(TypeKind::kLong), true);
  add("boolean", Type::Of(TypeKind::kBoolean));
  add("int", Type::Of(TypeKind::kInt));
  add("long", Type::Of(TypeKind::kLong));
  add("float", Type::Of(TypeKind::kFloat));
  add("double", Type::Of(TypeKind::kDouble));
  add("decimal9", Type::Decimal(9, 2));
  add("decimal18", Type::Decimal(18, 0));
  add("decimal20", Type::Decimal(20, 5));
  add("decimal38", Type::Decimal(38, 38));
  add("date", Type::Of(TypeKind::kDate));
  add("time", Type::Of(TypeKind::kTime));
  add("timestamp", Type::Of(TypeKind::kTimestamp));
  add("timestamptz", Type::Of(TypeKind::kTimestamptz));
  add("string", Type::Of(TypeKind::kString));
  add("uuid", Type::Of(TypeKind::kUuid));
  add("binary", Type::Of(TypeKind::kBinary));
  add("longs", Type::ListOf(Type::Of(TypeKind::kLong)));
  add("strings", Type::ListOf(Type::Of(TypeKind::kString)));
  add("decimals", Type::ListOf(Type::Decimal(38, 0)));
  add("nothing", Type::Of(TypeKind::kString));
  add("nan", Type::Of(TypeKind::kDouble));
  return schema;
}

rows::Batch SampleBatch() {
  rows::Batch batch(SampleSchema());
  const auto column = [&](const char* name) -> rows::Column& {
    return batch.column(static_cast<size_t>(batch.schema().IndexOf(name)));
  };
  for (int row = 0; row < 5; ++row) column("id").AppendLong(row);
  column("boolean").AppendBoolean(false);
  column("boolean").AppendBoolean(true);
  column("boolean").AppendNull();
  column("boolean").AppendBoolean(true);
  column("boolean").AppendBoolean(false);
  const auto ints = [&](const char* name, int32_t low, int32_t high) {
    for (const int32_t v : {low, high}) column(name).AppendInt(v);
    column(name).AppendNull();
    for (const int32_t v : {0, 17}) column(name).AppendInt(v);
  };
  const auto longs = [&](const char* name, int64_t low, int64_t high) {
    for (const int64_t v : {low, high}) column(name).AppendLong(v);
    column(name).AppendNull();
    for (const int64_t v : {int64_t{0}, int64_t{17}}) column(name).AppendLong(v);
  };
  ints("int", std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  longs("long", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  AppendFloats<float>(column("float"), &rows::Column::AppendFloat);
  AppendFloats<double>(column("double"), &rows::Column::AppendDouble);
  AppendDecimals(column("decimal9"), 9);
  AppendDecimals(column("decimal18"), 18);
  AppendDecimals(column("decimal20"), 20);
  AppendDecimals(column("decimal38"), 38);
  ints("date", -719162, 2932896);  // 0001-01-01 to 9999-12-31
  longs("time", 0, 86'399'999'999);
  longs("timestamp", -62'135'596'800'000'000, 253'402'300'799'999'999);
  longs("timestamptz", -62'135'596'800'000'000, 253'402'300'799'999'999);
  column("string").AppendBytes("A");
  column("string").AppendBytes("öäü€ 16 characters and more");
  column("string").AppendNull();
  column("string").AppendBytes("");
  column("string").AppendBytes("plain");
  AppendUuids(column("uuid"));
  column("binary").AppendBytes({"\0", 1});
  column("binary").AppendBytes(std::string(20, '\xFE'));
  column("binary").AppendNull();
  column("binary").AppendBytes("");
  column("binary").AppendBytes("bytes");
  AppendLists(column("longs"), column("strings"), column("decimals"));
  for (int row = 0; row < 5; ++row) column("nothing").AppendNull();
  for (int row = 0; row < 5; ++row) column("nan").AppendDouble(std::numeric_limits<double>::quiet_NaN());
  return batch;
}

std::vector<uint32_t> AllRows(const rows::Batch& batch) {
  std::vector<uint32_t> numbers(batch.rows());
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

std::string FirstDifference(const rows::Batch& a, const rows::Batch& b) {
  if (a.rows() != b.rows()) return std::to_string(a.rows()) + " rows against " + std::to_string(b.rows());
  for (size_t c = 0; c < a.column_count(); ++c) {
    if (a.column(c).size() != b.column(c).size()) return "length of " + a.schema().fields[c].name;
    for (uint32_t row = 0; row < a.rows(); ++row) {
      if (!SameCell(a.column(c), b.column(c), row, row)) {
        return "column " + a.schema().fields[c].name + ", row " + std::to_string(row);
      }
    }
  }
  return "";
}

}  // namespace cdc::parquet
