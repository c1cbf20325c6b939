// Writes a data file of random rows for each seed, and beside it in plain JSON what a reader must find in it.
// usage: parquet_random_files FOLDER BYTES SEED…
// FOLDER/SEED.parquet, FOLDER/SEED.json: judged by judge_files.py. Exit 1: the writer refused, or our own
// reader sees other rows.

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/parquet/data_file_reader.h"
#include "tests/unit/parquet/files.h"
#include "tests/unit/parquet/random_file.h"
#include "tests/unit/parquet/sample_rows.h"

namespace cdc::parquet {
namespace {

using nlohmann::json;
using rows::TypeKind;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

/// Integers as they are, floats as the integer of their bits, decimals as texts of the unscaled integer, all
/// else as hexadecimal digits.
json CellAsJson(const rows::Column& column, uint32_t row) {
  if (!column.has_value(row)) return nullptr;
  switch (column.type().kind) {
    case TypeKind::kBoolean: return column.fixed<uint8_t>(row) != 0;
    case TypeKind::kInt:
    case TypeKind::kDate: return column.fixed<int32_t>(row);
    case TypeKind::kFloat: return column.fixed<uint32_t>(row);
    case TypeKind::kDouble: return column.fixed<uint64_t>(row);
    case TypeKind::kDecimal: return DecimalToText(column.fixed<Int128>(row), 0);
    case TypeKind::kUuid: return Hex({column.fixed_data().data() + size_t{row} * 16, 16});
    case TypeKind::kString:
    case TypeKind::kBinary: return Hex(column.bytes(row));
    case TypeKind::kList: {
      json list = json::array();
      for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i)
        list.push_back(CellAsJson(column.element(), i));
      return list;
    }
    default: return column.fixed<int64_t>(row);
  }
}

template <typename Map>
json ById(const Map& map) {
  json out = json::object();
  for (const auto& [id, value] : map) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
      out[std::to_string(id)] = Hex(value);
    } else {
      out[std::to_string(id)] = value;
    }
  }
  return out;
}

json MetricsAsJson(const iceberg::DataFile& file) {
  return {{"record_count", file.record_count},
          {"file_size_in_bytes", file.file_size_in_bytes},
          {"split_offsets", file.split_offsets},
          {"column_sizes", ById(file.column_sizes)},
          {"value_counts", ById(file.value_counts)},
          {"null_value_counts", ById(file.null_value_counts)},
          {"nan_value_counts", ById(file.nan_value_counts)},
          {"lower_bounds", ById(file.lower_bounds)},
          {"upper_bounds", ById(file.upper_bounds)}};
}

json Expectation(const RandomFile& file, const rows::Batch& rows, const iceberg::DataFile& described,
                 int64_t estimate) {
  json columns = json::array();
  for (size_t c = 0; c < rows.column_count(); ++c) {
    const rows::Field& field = file.schema->fields[c];
    json values = json::array();
    for (uint32_t row = 0; row < rows.rows(); ++row) values.push_back(CellAsJson(rows.column(c), row));
    columns.push_back({{"name", field.name},
                       {"type", rows::ToString(field.type)},
                       {"id", field.id},
                       {"element_id", field.element_id},
                       {"required", field.required},
                       {"values", std::move(values)}});
  }
  return {{"rows", rows.rows()},
          {"row_group_rows", file.options.row_group_rows},
          {"estimate", estimate},
          {"metrics", MetricsAsJson(described)},
          {"columns", std::move(columns)}};
}

Result<iceberg::DataFile> WriteFile(const RandomFile& file, MemoryFile* memory, int64_t* estimate) {
  CDC_ASSIGN(const auto writer, DataFileWriter::Make(std::make_unique<MemoryWriter>(*memory), "a.parquet",
                                                     file.schema, file.options));
  for (const RandomFile::Call& call : file.calls) {
    CDC_TRY(writer->Write(file.batches[call.batch], call.rows));
    // A worker asks between calls; asking must change nothing.
    *estimate = writer->bytes_written_estimate();
  }
  return writer->Close();
}

Status ReadBack(MemoryFile* memory, const RandomFile& file, const rows::Batch& expected) {
  CDC_ASSIGN(const auto reader, DataFileReader::Make(std::make_unique<MemoryReader>(*memory), file.schema));
  rows::Batch all(file.schema);
  rows::Batch some(file.schema);
  int64_t first = 0;
  for (;;) {
    CDC_ASSIGN(const bool more, reader->Next(&some, &first));
    if (!more) break;
    for (size_t c = 0; c < some.column_count(); ++c) {
      for (uint32_t row = 0; row < some.rows(); ++row) all.column(c).AppendFrom(some.column(c), row);
    }
  }
  const std::string difference = FirstDifference(all, expected);
  if (!difference.empty()) return Error{ErrorKind::kCorrupt, "our own reader differs: " + difference};
  return {};
}

Status Run(const std::string& folder, int64_t bytes, uint64_t seed) {
  const RandomFile file = MakeRandomFile(seed, bytes);
  const rows::Batch expected = RowsOf(file);
  MemoryFile memory;
  int64_t estimate = 0;
  CDC_ASSIGN(const iceberg::DataFile described, WriteFile(file, &memory, &estimate));
  const std::string path = folder + "/" + std::to_string(seed);
  std::ofstream(path + ".parquet", std::ios::binary) << memory.bytes;
  std::ofstream(path + ".json") << Expectation(file, expected, described, estimate);
  return ReadBack(&memory, file, expected);
}

}  // namespace
}  // namespace cdc::parquet

int main(int argc, char** argv) {
  int failures = 0;
  for (int i = 3; i < argc; ++i) {
    const auto done = cdc::parquet::Run(argv[1], std::stoll(argv[2]), std::stoull(argv[i]));
    if (done) continue;
    std::printf("seed %s: %s\n", argv[i], done.error().message.c_str());
    failures = 1;
  }
  return failures;
}
