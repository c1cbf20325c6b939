#include "jobs/sink/iceberg/table_rewriter.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/parquet/data_file_reader.h"
#include "lib/rows/cast.h"

namespace cdc::iceberg_sink {
namespace {

constexpr size_t kShownBytes = 60;

std::string Shown(const rows::Column& column, uint32_t row) {
  std::string text = rows::CellText(column, row);
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

TableRewriter::TableRewriter(Plan plan, RewriteProgress progress, Ports ports)
    : plan_(std::move(plan)), progress_(std::move(progress)), ports_(std::move(ports)), out_(plan_.to) {
  for (const rows::Field& field : plan_.from->fields) {
    const auto at = std::find_if(plan_.columns.begin(), plan_.columns.end(),
                                 [&](const Retyped& each) { return each.name == field.name; });
    retyped_.push_back(at == plan_.columns.end() ? -1 : static_cast<int>(at - plan_.columns.begin()));
  }
  for (const Source& source : plan_.sources) all_ += source.rows;
}

Result<std::vector<iceberg::DataFile>> TableRewriter::Run() {
  for (size_t i = 0; i < progress_.source && i < plan_.sources.size(); ++i) done_ += plan_.sources[i].rows;
  for (source_ = progress_.source; source_ < plan_.sources.size(); ++source_) {
    CDC_TRY(CopySource(plan_.sources[source_].path));
    progress_.source = source_ + 1;
    progress_.position = 0;
  }
  if (writer_ != nullptr) CDC_TRY(FinishFile());
  return progress_.written;
}

Status TableRewriter::CopySource(const std::string& path) {
  CDC_ASSIGN(const PositionSet gone, ports_.deleted(path));
  CDC_ASSIGN(auto opened, ports_.files.Open(path));
  CDC_ASSIGN(const auto reader, parquet::DataFileReader::Make(std::move(opened), plan_.from));
  rows::Batch in(plan_.from);
  int64_t first = 0;
  std::vector<uint32_t> keep;
  while (true) {
    CDC_ASSIGN(const bool more, reader->Next(&in, &first));
    if (!more) return {};
    const int64_t end = first + in.rows();
    done_ += in.rows();
    if (end <= progress_.position) {
      // Copied by a run before. Not asked whether to end, so that each run gets further than the last.
      (void)ports_.working(done_, all_);
      continue;
    }
    keep.clear();
    for (uint32_t row = 0; row < in.rows(); ++row) {
      if (first + row >= progress_.position && !gone.Has(first + row)) keep.push_back(row);
    }
    if (!keep.empty()) CDC_TRY(CopySlice(&in, keep));
    progress_.source = source_;
    progress_.position = end;
    const Status go_on = ports_.working(done_, all_);
    const bool full = writer_ != nullptr && writer_->bytes_written_estimate() >= plan_.target_bytes;
    // Told to end: a file that is not full is progress all the same.
    if (writer_ != nullptr && (full || !go_on)) CDC_TRY(FinishFile());
    CDC_TRY(go_on);
  }
}

Status TableRewriter::CopySlice(rows::Batch* in, const std::vector<uint32_t>& keep) {
  if (writer_ == nullptr) {
    const std::string path = ports_.new_path();
    CDC_ASSIGN(auto file, ports_.files.Create(path));
    CDC_ASSIGN(writer_, parquet::DataFileWriter::Make(std::move(file), path, plan_.to, plan_.options));
  }
  out_.Truncate(0);
  for (size_t c = 0; c < retyped_.size(); ++c) {
    if (retyped_[c] >= 0) CDC_TRY(CastColumn(*in, c, keep, &out_));
  }
  for (size_t c = 0; c < retyped_.size(); ++c) {
    if (retyped_[c] < 0) std::swap(out_.column(c), in->column(c));
  }
  const Status written = writer_->Write(out_, keep);
  for (size_t c = 0; c < retyped_.size(); ++c) {
    if (retyped_[c] < 0) std::swap(out_.column(c), in->column(c));
  }
  return written;
}

/// Rows that are not kept need no value: theirs may be the one that cannot be cast.
Status TableRewriter::CastColumn(const rows::Batch& in, size_t column, const std::vector<uint32_t>& keep,
                                 rows::Batch* out) {
  const rows::Column& from = in.column(column);
  rows::Column& to = out->column(column);
  for (const uint32_t row : keep) {
    while (to.size() < row) to.AppendNull();
    if (!rows::CastCell(from, row, &to)) return Inexact(in, column, row);
  }
  while (to.size() < in.rows()) to.AppendNull();
  return {};
}

Error TableRewriter::Inexact(const rows::Batch& in, size_t column, uint32_t row) const {
  std::string name;
  for (const std::string& key : plan_.key) {
    const int at = plan_.from->IndexOf(key);
    if (at < 0) continue;
    name +=
        fmt::format("{}{}={}", name.empty() ? "" : ", ", key, Shown(in.column(static_cast<size_t>(at)), row));
  }
  const Retyped& changed = plan_.columns[static_cast<size_t>(retyped_[column])];
  const std::string why = rows::HasUncertainText(changed.from, changed.to)
                              ? std::string("may have had one of two texts at the source")
                              : "is no " + rows::ToString(changed.to);
  return Error{ErrorKind::kBadValue, fmt::format("column '{}' of the row {}: '{}' {}", changed.name,
                                                 name.empty() ? "without a key" : "with " + name,
                                                 Shown(in.column(column), row), why)};
}

Status TableRewriter::FinishFile() {
  CDC_ASSIGN(iceberg::DataFile file, writer_->Close());
  writer_.reset();
  progress_.written.push_back(std::move(file));
  return SaveProgress(plan_.folder, progress_);
}

}  // namespace cdc::iceberg_sink
