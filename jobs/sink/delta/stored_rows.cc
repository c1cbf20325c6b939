#include "jobs/sink/delta/stored_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "lib/rows/cast.h"

namespace cdc::delta_sink {
namespace {

/// Columns whose values are stored as another type.
std::vector<bool> CastColumns(const rows::Schema& schema) {
  std::vector<bool> cast;
  for (const rows::Field& field : schema.fields)
    cast.push_back(!(delta::StoredType(field.type) == field.type));
  return cast;
}

bool Any(const std::vector<bool>& flags) {
  return std::find(flags.begin(), flags.end(), true) != flags.end();
}

class CastingReader final : public parquet::DataFileReader {
 public:
  CastingReader(std::unique_ptr<DataFileReader> inner, std::shared_ptr<const rows::Schema> stored,
                std::vector<bool> cast)
      : inner_(std::move(inner)), stored_(std::move(stored)), cast_(std::move(cast)) {}

  int64_t rows() const override { return inner_->rows(); }

  Result<bool> Next(rows::Batch* out, int64_t* first_position) override {
    out->Truncate(0);
    rows::Batch batch(stored_);
    CDC_ASSIGN(const bool more, inner_->Next(&batch, first_position));
    if (more) CDC_TRY(Append(&batch, out));
    return more;
  }

  Status ReadRows(std::span<const int64_t> sorted_positions, rows::Batch* out) override {
    rows::Batch batch(stored_);
    CDC_TRY(inner_->ReadRows(sorted_positions, &batch));
    return Append(&batch, out);
  }

 private:
  Status Append(rows::Batch* batch, rows::Batch* out) const {
    const bool first = out->rows() == 0;
    const uint32_t rows = batch->rows();
    for (size_t c = 0; c < cast_.size(); ++c) {
      rows::Column& from = batch->column(c);
      rows::Column& to = out->column(c);
      if (!cast_[c] && first) {
        std::swap(from, to);
        continue;
      }
      for (uint32_t row = 0; row < rows; ++row) {
        if (!cast_[c])
          to.AppendFrom(from, row);
        else if (!from.has_value(row))
          to.AppendNull();
        else if (!rows::CastCell(from, row, &to))
          return Error{ErrorKind::kCorrupt, "column " + stored_->fields[c].name + " has a text that is no " +
                                                rows::ToString(to.type()) + ": another writer's?"};
      }
    }
    return {};
  }

  std::unique_ptr<DataFileReader> inner_;
  std::shared_ptr<const rows::Schema> stored_;
  std::vector<bool> cast_;  // by column
};

class CastingWriter final : public parquet::DataFileWriter {
 public:
  CastingWriter(std::unique_ptr<DataFileWriter> inner, const std::shared_ptr<const rows::Schema>& stored,
                std::vector<bool> cast)
      : inner_(std::move(inner)), cast_(std::move(cast)), slice_(stored) {}

  Status Write(const rows::Batch& batch, std::span<const uint32_t> rows) override {
    constexpr size_t kSlice = 4096;
    for (size_t at = 0; at < rows.size(); at += kSlice) {
      const auto part = rows.subspan(at, std::min(kSlice, rows.size() - at));
      slice_.Truncate(0);
      for (size_t c = 0; c < cast_.size(); ++c)
        CDC_TRY(Gather(batch.column(c), part, cast_[c], &slice_.column(c)));
      numbers_.resize(part.size());
      std::iota(numbers_.begin(), numbers_.end(), 0U);
      CDC_TRY(inner_->Write(slice_, numbers_));
    }
    return {};
  }

  int64_t rows() const override { return inner_->rows(); }
  int64_t bytes_written_estimate() const override { return inner_->bytes_written_estimate(); }
  Result<iceberg::DataFile> Close() override { return inner_->Close(); }

 private:
  /// A cell that was not sent stays one: the file's writer refuses it.
  static Status Gather(const rows::Column& from, std::span<const uint32_t> rows, bool cast,
                       rows::Column* to) {
    for (const uint32_t row : rows) {
      if (!cast)
        to->AppendFrom(from, row);
      else if (from.cell(row) == rows::Cell::kUnavailable)
        to->AppendUnavailable();
      else if (!from.has_value(row))
        to->AppendNull();
      else if (!rows::CastCell(from, row, to))
        return Error{ErrorKind::kBadValue, "a " + rows::ToString(from.type()) + " has no text"};
    }
    return {};
  }

  std::unique_ptr<DataFileWriter> inner_;
  std::vector<bool> cast_;  // by column
  rows::Batch slice_;
  std::vector<uint32_t> numbers_;
};

}  // namespace

Result<std::unique_ptr<parquet::DataFileReader>> OpenStored(std::unique_ptr<storage::Reader> file,
                                                            std::shared_ptr<const rows::Schema> projection,
                                                            const delta::TableSchema& table) {
  auto stored = delta::StoredSchema(*projection, table);
  CDC_ASSIGN(auto inner, parquet::DataFileReader::MakeByName(std::move(file), stored));
  auto cast = CastColumns(*projection);
  if (!Any(cast)) return inner;
  return std::unique_ptr<parquet::DataFileReader>(
      std::make_unique<CastingReader>(std::move(inner), std::move(stored), std::move(cast)));
}

Result<std::unique_ptr<parquet::DataFileWriter>> CreateStored(std::unique_ptr<storage::Writer> out,
                                                              const std::string& path,
                                                              const delta::TableSchema& table,
                                                              parquet::WriterOptions options) {
  auto stored = delta::StoredSchema(*table.logical, table);
  CDC_ASSIGN(auto inner, parquet::DataFileWriter::Make(std::move(out), path, stored, options));
  auto cast = CastColumns(*table.logical);
  if (!Any(cast)) return inner;
  return std::unique_ptr<parquet::DataFileWriter>(
      std::make_unique<CastingWriter>(std::move(inner), stored, std::move(cast)));
}

}  // namespace cdc::delta_sink
