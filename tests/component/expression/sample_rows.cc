#include "tests/component/expression/sample_rows.h"

#include <charconv>
#include <stdexcept>

#include "lib/rows/cast.h"

namespace cdc::expression {
namespace {

using rows::Type;
using rows::TypeKind;
constexpr std::nullopt_t kNone = std::nullopt;

std::string Unhexed(const std::string& text) {
  std::string bytes;
  for (size_t i = 2; i + 1 < text.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

void Append(const std::optional<std::string>& value, rows::Column* column) {
  if (!value) return column->AppendNull();
  if (column->type().kind == TypeKind::kBinary) return column->AppendBytes(Unhexed(*value));
  rows::Column text(Type::Of(TypeKind::kString));
  text.AppendBytes(*value);
  if (!rows::CastCell(text, 0, column)) throw std::logic_error("no sample value: " + *value);
}

}  // namespace

const std::vector<SampleColumn>& SampleColumns() {
  static const std::vector<SampleColumn> columns = {
      {"n", "integer", Type::Of(TypeKind::kInt)},
      {"i", "integer", Type::Of(TypeKind::kInt)},
      {"j", "integer", Type::Of(TypeKind::kInt)},
      {"b", "bigint", Type::Of(TypeKind::kLong)},
      {"m", "numeric(12,3)", Type::Decimal(12, 3)},
      {"p", "numeric(20,6)", Type::Decimal(20, 6)},
      {"r", "real", Type::Of(TypeKind::kFloat)},
      {"d", "double precision", Type::Of(TypeKind::kDouble)},
      {"t", "text", Type::Of(TypeKind::kString)},
      {"u", "text", Type::Of(TypeKind::kString)},
      {"f", "boolean", Type::Of(TypeKind::kBoolean)},
      {"g", "boolean", Type::Of(TypeKind::kBoolean)},
      {"day", "date", Type::Of(TypeKind::kDate)},
      {"clock", "time", Type::Of(TypeKind::kTime)},
      {"ts", "timestamp", Type::Of(TypeKind::kTimestamp)},
      {"tz", "timestamptz", Type::Of(TypeKind::kTimestamptz)},
      {"id", "uuid", Type::Of(TypeKind::kUuid)},
      {"raw", "bytea", Type::Of(TypeKind::kBinary)},
      {"Odd Name", "text", Type::Of(TypeKind::kString)},
  };
  return columns;
}

const std::vector<std::vector<std::optional<std::string>>>& SampleRows() {
  static const std::vector<std::vector<std::optional<std::string>>> rows = {
      {"0", "0", "0", "0", "0.000", "0.000000", "0", "0", "", "", "f", "f", "1970-01-01", "00:00:00",
       "1970-01-01 00:00:00", "1970-01-01 00:00:00+00", "00000000-0000-0000-0000-000000000000", "\\x", ""},
      {"1", "1", "2", "3", "1.500", "2.250000", "1.5", "2.5", "Alice", "Bob", "t", "f", "2024-02-29",
       "12:34:56", "2024-02-29 12:34:56", "2024-02-29 12:34:56+00", "123e4567-e89b-12d3-a456-426614174000",
       "\\x616263", "x y"},
      {"2", "-1", "3", "-7", "-1.005", "-0.000001", "-0.1", "-2.5", "  padded  ", " ", "t", "t", "1969-12-31",
       "23:59:59.999999", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999+00",
       "ffffffff-ffff-ffff-ffff-ffffffffffff", "\\x00ff", "ok"},
      {"3", "2147483647", "-2147483648", "9223372036854775807", "999999999.999", "99999999999999.999999",
       "3.4028235e+38", "1.7976931348623157e+308", "ÄÖÜ straße İıſ Ⱥ", "äöü STRASSE", "f", "t", "9999-12-31",
       "00:00:00.1", "9999-12-31 23:59:59.5", "9999-12-31 23:59:59.5+00",
       "00112233-4455-6677-8899-aabbccddeeff", "\\x5c275c5c", "ß"},
      {"4", "-2147483648", "-1", "-9223372036854775808", "-999999999.999", "-99999999999999.999999",
       "-3.4028235e+38", "-1.7976931348623157e+308", "42", "7", "f", "f", "0001-01-01", "06:00:00",
       "0001-01-01 00:00:00", "0001-01-01 00:00:00+00", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "\\xdeadbeef",
       "42"},
      {"5", kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone,
       kNone, kNone, kNone, kNone},
      {"6", "7", kNone, "5000000000", "0.001", "0.000001", "NaN", "NaN", "日本語テキスト😀", "語", kNone, "t",
       "2000-01-01", "12:00:00", "2000-01-01 12:00:00.123456", "2000-01-01 12:00:00.123456+00", kNone, "\\x",
       "É"},
      {"7", kNone, "5", kNone, "2.345", "-2.500000", "Infinity", "-Infinity", "a%b_c\\d", "%", "t", kNone,
       "0044-03-15 BC", "01:02:03.000004", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00+00 BC",
       "00000000-0000-0000-0000-000000000001", kNone, "A\"B"},
      {"8", "100", "7", "100", "12.345", "3.000000", "1e-45", "5e-324", "2024-03-10 01:02:03.5", "1.25e3",
       "t", "f", "2024-12-30", "13:14:15.16", "2024-12-30 13:14:15.16", "2024-12-30 13:14:15.16+00",
       "ABCDEFAB-CDEF-ABCD-EFAB-CDEFABCDEFAB", "\\x20", " "},
      {"9", "-5", "3", "-100", "-0.500", "0.500000", "16777216", "0.1", "true", " 12 ", "f", "t",
       "1900-02-28", "23:00:00", "1582-10-10 10:10:10", "1582-10-10 10:10:10+00",
       "123e4567-e89b-12d3-a456-426614174001", "\\x7f80", "Zed"},
  };
  return rows;
}

rows::Batch SampleBatch() {
  auto schema = std::make_shared<rows::Schema>();
  for (const SampleColumn& column : SampleColumns())
    schema->fields.push_back({0, 0, column.name, false, column.rows_type});
  rows::Batch batch(schema);
  for (const auto& row : SampleRows()) {
    for (size_t i = 0; i < row.size(); ++i) Append(row[i], &batch.column(i));
  }
  return batch;
}

std::string SampleTable() {
  std::string sql;
  for (const SampleColumn& column : SampleColumns())
    sql += std::string(sql.empty() ? "" : ", ") + "\"" + column.name + "\" " + column.type;
  sql = "CREATE TABLE samples (" + sql + ");\n";
  for (const auto& row : SampleRows()) {
    std::string values;
    for (const auto& value : row) {
      values += values.empty() ? "" : ", ";
      if (!value) {
        values += "NULL";
        continue;
      }
      std::string quoted;
      for (const char c : *value) quoted += c == '\'' ? "''" : std::string(1, c);
      values += "'" + quoted + "'";
    }
    sql += "INSERT INTO samples VALUES (" + values + ");\n";
  }
  return sql;
}

}  // namespace cdc::expression
