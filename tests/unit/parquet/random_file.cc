#include "tests/unit/parquet/random_file.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "tests/unit/parquet/random_values.h"

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

constexpr int kKinds = static_cast<int>(TypeKind::kList) + 1;

Type AnyType(Dice* dice, bool list_too) {
  const auto kind = static_cast<TypeKind>(dice->Below(list_too ? kKinds : kKinds - 1));
  if (kind == TypeKind::kList) return Type::ListOf(AnyType(dice, false));
  if (kind != TypeKind::kDecimal) return Type::Of(kind);
  const int precision = 1 + static_cast<int>(dice->Below(kMaxDecimalPrecision));
  return Type::Decimal(precision, static_cast<int>(dice->Below(static_cast<uint64_t>(precision) + 1)));
}

/// Ids in no order and with gaps: nothing may take an id for a position.
std::shared_ptr<rows::Schema> AnySchema(Dice* dice, uint64_t columns) {
  auto schema = std::make_shared<rows::Schema>();
  std::vector<int> ids(2 * columns);
  std::iota(ids.begin(), ids.end(), 1);
  for (size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[dice->Below(i)]);
  for (uint64_t i = 0; i < columns; ++i) {
    const Type type = AnyType(dice, true);
    schema->fields.push_back({ids[2 * i] * 3, type.kind == TypeKind::kList ? ids[2 * i + 1] * 3 : 0,
                              "c" + std::to_string(i), dice->OneIn(3), type});
  }
  return schema;
}

WriterOptions AnyOptions(Dice* dice, uint32_t rows, uint64_t columns) {
  WriterOptions options;
  const int64_t groups_at_most = 3'000 / static_cast<int64_t>(columns);  // of 3,000 chunks
  if (dice->OneIn(2))
    options.row_group_rows =
        std::max<int64_t>(dice->Pick({1, 2, 7, 100, 1000, 2048, 4096, 65'536}), rows / groups_at_most);
  if (dice->OneIn(4)) options.row_group_bytes = dice->Pick({1000, 64 << 10, 1 << 20});
  if (dice->OneIn(3)) options.dictionary_page_bytes = dice->Pick({1, 100, 1000, 4096, 1 << 20, 16 << 20});
  if (dice->OneIn(2)) options.open_bytes = dice->Pick({1, 1000, 100 << 10, 1 << 20});
  // Dictionaries of many values need both.
  if (dice->OneIn(3)) {
    options.open_bytes = 1 << 30;
    options.dictionary_page_bytes = dice->Pick({300'000, 16 << 20});
  }
  options.zstd_level = dice->Pick({1, 1, 1, 3, -1});
  return options;
}

uint32_t AnyRows(Dice* dice, int64_t bytes, uint64_t columns) {
  // Pages, and dictionaries of more than 256 values, need many rows: of few columns they may be had.
  const uint32_t wanted = columns < 3
                              ? dice->Pick({1u, 8u, 2049u, 20'000u, 70'000u, 70'000u, 140'000u, 300'000u})
                              : dice->Pick({0u, 1u, 2u, 7u, 9u, 63u, 65u, 300u, 1000u, 2047u, 2048u, 2049u,
                                            5000u, 5000u, 20'000u, 70'000u});
  return std::min(wanted, static_cast<uint32_t>(bytes / 12 / static_cast<int64_t>(columns)));
}

/// Numbers of some of the batch's rows, as fold hands them over, and as it never would.
std::vector<uint32_t> AnyRowNumbers(Dice* dice, uint32_t first, uint32_t rows) {
  std::vector<uint32_t> numbers(rows);
  std::iota(numbers.begin(), numbers.end(), first);
  switch (dice->Below(7)) {
    case 0: std::reverse(numbers.begin(), numbers.end()); break;
    case 1:
      for (size_t i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[dice->Below(i)]);
      break;
    case 2:
      for (uint32_t& number : numbers) number = first + static_cast<uint32_t>(dice->Below(rows));
      break;
    case 3: std::erase_if(numbers, [&](uint32_t) { return dice->OneIn(3); }); break;
    default: break;
  }
  return numbers;
}

void AddCalls(Dice* dice, RandomFile* file) {
  for (size_t b = 0; b < file->batches.size(); ++b) {
    const uint32_t rows = file->batches[b].rows();
    const uint32_t most = dice->Pick({rows + 1, rows + 1, 1 + rows / 3, 5'000u});
    for (uint32_t first = 0; first < rows;) {
      const uint32_t some = std::min(rows - first, 1 + static_cast<uint32_t>(dice->Below(most)));
      file->calls.push_back({b, AnyRowNumbers(dice, first, some)});
      first += some;
    }
    if (dice->OneIn(10)) file->calls.push_back({b, {}});
  }
}

}  // namespace

RandomFile MakeRandomFile(uint64_t seed, int64_t bytes) {
  Dice dice(seed);
  const uint64_t columns = dice.Pick(
      {uint64_t{1}, uint64_t{1}, uint64_t{2}, 3 + dice.Below(4), 3 + dice.Below(20), 1 + dice.Below(200)});
  const auto schema = AnySchema(&dice, columns);
  const uint32_t rows = AnyRows(&dice, bytes, columns);
  RandomFile file{schema, AnyOptions(&dice, rows, columns), {}, {}};
  const uint64_t batches = dice.OneIn(2) ? 1 : 2 + dice.Below(3);
  std::vector<ColumnMaker> makers;
  for (const rows::Field& field : schema->fields)
    makers.emplace_back(field.type, field.required, rows, bytes / static_cast<int64_t>(columns), dice.Next());
  for (uint64_t b = 0; b < batches; ++b) {
    rows::Batch& batch = file.batches.emplace_back(schema);
    const uint32_t some = rows / static_cast<uint32_t>(batches);
    for (uint64_t c = 0; c < columns; ++c) {
      for (uint32_t row = 0; row < some; ++row) makers[c].Append(&batch.column(c));
    }
  }
  AddCalls(&dice, &file);
  return file;
}

rows::Batch RowsOf(const RandomFile& file) {
  rows::Batch all(file.schema);
  for (const RandomFile::Call& call : file.calls) {
    const rows::Batch& batch = file.batches[call.batch];
    for (size_t c = 0; c < batch.column_count(); ++c) {
      for (const uint32_t row : call.rows) all.column(c).AppendFrom(batch.column(c), row);
    }
  }
  return all;
}

}  // namespace cdc::parquet
