#include "lib/parquet/data_file_reader.h"

#include <algorithm>
#include <vector>

#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "lib/parquet/arrow_io_internal.h"
#include "lib/parquet/column_decoder_internal.h"
#include "lib/parquet/file_reader_internal.h"

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;

constexpr int64_t kMaxBatchRows = 16 * 1024;
/// A batch of wide rows has fewer of them. How wide they are is seen from the rows before: a dictionary hides
/// it from the file's own sizes.
constexpr int64_t kMaxBatchBytes = 8 << 20;
constexpr int64_t kFirstBatchRows = 1024;
/// Pages are read through a buffer of this size instead of a whole column chunk at once.
/// That of all columns together is bounded, too.
constexpr int64_t kReadBuffer = 256 << 10, kLeastReadBuffer = 16 << 10, kReadBuffers = 8 << 20;

constexpr char kWhat[] = "cannot read a Parquet file";

class FileReader final : public DataFileReader {
 public:
  FileReader(std::shared_ptr<InputAdapter> in, std::shared_ptr<const rows::Schema> projection)
      : in_(std::move(in)), projection_(std::move(projection)) {}

  Status Open(MatchBy match) {
    pq::ReaderProperties properties;
    properties.enable_buffered_stream();
    const auto columns = static_cast<int64_t>(std::max<size_t>(projection_->fields.size(), 1));
    properties.set_buffer_size(std::clamp(kReadBuffers / columns, kLeastReadBuffer, kReadBuffer));
    properties.set_page_checksum_verification(true);
    file_ = pq::ParquetFileReader::Open(in_, properties);
    const pq::FileMetaData& metadata = *file_->metadata();
    for (const rows::Field& field : projection_->fields) {
      CDC_ASSIGN(const FileColumn column, FindColumn(*metadata.schema(), field, match));
      columns_.push_back(column);
    }
    int64_t begin = 0;
    for (int g = 0; g < metadata.num_row_groups(); ++g) {
      group_begins_.push_back(begin);
      begin += metadata.RowGroup(g)->num_rows();
    }
    group_begins_.push_back(begin);
    return {};
  }

  int64_t rows() const override { return group_begins_.back(); }

  Result<bool> Next(rows::Batch* out, int64_t* first_position) override {
    out->Truncate(0);
    return Guarded(*in_, ErrorKind::kCorrupt, kWhat, [&]() -> Result<bool> {
      while (!group_open_ || next_ == group_begins_[group_ + 1]) {
        if (group_open_) ++group_;
        group_open_ = false;
        decoders_.clear();
        if (group_ + 1 >= group_begins_.size()) return false;
        if (group_begins_[group_] == group_begins_[group_ + 1]) {
          ++group_;
          continue;
        }
        decoders_ = OpenGroup(group_, {});
        batch_rows_ = BatchRows(group_);
        group_open_ = true;
      }
      const int64_t count = std::min(batch_rows_, group_begins_[group_ + 1] - next_);
      CDC_TRY(ReadRange(decoders_, next_ - group_begins_[group_], count, out));
      const auto bytes = std::max<int64_t>(1, static_cast<int64_t>(out->byte_size()));
      batch_rows_ =
          std::clamp<int64_t>(kMaxBatchBytes * count / bytes, 1, std::min(kMaxBatchRows, 4 * count));
      *first_position = next_;
      next_ += count;
      return true;
    });
  }

  Status ReadRows(std::span<const int64_t> positions, rows::Batch* out) override {
    if (positions.empty()) return {};
    if (!std::is_sorted(positions.begin(), positions.end()) || positions.front() < 0 ||
        positions.back() >= rows()) {
      return Error{ErrorKind::kInvalidArgument,
                   "cannot read rows by position: positions must ascend within the file's " +
                       std::to_string(rows()) + " rows"};
    }
    return Guarded(*in_, ErrorKind::kCorrupt, kWhat, [&]() -> Status {
      while (!positions.empty()) {
        const auto after = std::upper_bound(group_begins_.begin(), group_begins_.end(), positions.front());
        const auto group = static_cast<size_t>(after - group_begins_.begin()) - 1;
        const auto end = std::lower_bound(positions.begin(), positions.end(), group_begins_[group + 1]);
        const auto here = positions.first(static_cast<size_t>(end - positions.begin()));
        CDC_TRY(ReadRowsOfGroup(group, here, out));
        positions = positions.subspan(here.size());
      }
      return {};
    });
  }

 private:
  using Decoders = std::vector<std::unique_ptr<ColumnDecoder>>;

  Decoders OpenGroup(size_t group, std::span<const int64_t> only_rows) const {
    const auto reader = file_->RowGroup(static_cast<int>(group));
    Decoders decoders;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const int index = columns_[i].index;
      decoders.push_back(index < 0 ? nullptr
                                   : ColumnDecoder::Make(file_->metadata()->schema()->Column(index),
                                                         reader->GetColumnPageReader(index), columns_[i],
                                                         projection_->fields[i].type, only_rows));
    }
    return decoders;
  }

  int64_t BatchRows(size_t group) const {
    const auto metadata = file_->metadata()->RowGroup(static_cast<int>(group));
    int64_t bytes = 0;
    for (const FileColumn& column : columns_) {
      if (column.index >= 0) bytes += metadata->ColumnChunk(column.index)->total_uncompressed_size();
    }
    const int64_t row_bytes = std::max<int64_t>(1, bytes / std::max<int64_t>(1, metadata->num_rows()));
    return std::clamp<int64_t>(kMaxBatchBytes / row_bytes, 1, kFirstBatchRows);
  }

  static Status ReadRange(const Decoders& decoders, int64_t row, int64_t count, rows::Batch* out) {
    for (size_t i = 0; i < decoders.size(); ++i) {
      if (decoders[i]) {
        CDC_TRY(decoders[i]->Read(row, count, &out->column(i)));
      } else {
        for (int64_t n = 0; n < count; ++n) out->column(i).AppendNull();
      }
    }
    return {};
  }

  /// \param positions in the file, all within this row group
  Status ReadRowsOfGroup(size_t group, std::span<const int64_t> positions, rows::Batch* out) const {
    std::vector<int64_t> wanted(positions.begin(), positions.end());
    for (int64_t& row : wanted) row -= group_begins_[group];
    const Decoders decoders = OpenGroup(group, wanted);
    for (size_t c = 0; c < decoders.size(); ++c) {
      rows::Column& column = out->column(c);
      for (size_t i = 0; i < wanted.size();) {
        if (i > 0 && wanted[i] == wanted[i - 1]) {
          column.AppendFrom(LastRow(column), 0);
          ++i;
          continue;
        }
        size_t run = 1;
        while (i + run < wanted.size() && wanted[i + run] == wanted[i + run - 1] + 1) ++run;
        if (decoders[c]) {
          CDC_TRY(decoders[c]->Read(wanted[i], static_cast<int64_t>(run), &column));
        } else {
          for (size_t n = 0; n < run; ++n) column.AppendNull();
        }
        i += run;
      }
    }
    return {};
  }

  /// A copy: a column cannot append from itself while it grows.
  static rows::Column LastRow(const rows::Column& column) {
    rows::Column copy(column.type());
    copy.AppendFrom(column, column.size() - 1);
    return copy;
  }

  std::shared_ptr<InputAdapter> in_;
  const std::shared_ptr<const rows::Schema> projection_;
  std::unique_ptr<pq::ParquetFileReader> file_;
  std::vector<FileColumn> columns_;    // one per field of the projection
  std::vector<int64_t> group_begins_;  // first position of each row group, and the file's rows
  // Where Next() is:
  size_t group_ = 0;
  int64_t next_ = 0;
  int64_t batch_rows_ = 0;  // of the next batch
  bool group_open_ = false;
  Decoders decoders_;  // of group_ while it is open
};

}  // namespace

Result<std::unique_ptr<DataFileReader>> OpenFile(std::unique_ptr<storage::Reader> file,
                                                 std::shared_ptr<const rows::Schema> projection,
                                                 MatchBy match) {
  const auto adapter = std::make_shared<InputAdapter>(std::move(file));
  return Guarded(*adapter, ErrorKind::kCorrupt, kWhat, [&]() -> Result<std::unique_ptr<DataFileReader>> {
    auto reader = std::make_unique<FileReader>(adapter, std::move(projection));
    CDC_TRY(reader->Open(match));
    return std::unique_ptr<DataFileReader>(std::move(reader));
  });
}

Result<std::unique_ptr<DataFileReader>> DataFileReader::Make(std::unique_ptr<storage::Reader> file,
                                                             std::shared_ptr<const rows::Schema> projection) {
  return OpenFile(std::move(file), std::move(projection), MatchBy::kFieldId);
}

Result<std::unique_ptr<DataFileReader>> DataFileReader::MakeByName(
    std::unique_ptr<storage::Reader> file, std::shared_ptr<const rows::Schema> projection) {
  return OpenFile(std::move(file), std::move(projection), MatchBy::kName);
}

}  // namespace cdc::parquet
