#include "lib/verify/lake_side.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/position_deletes.h"
#include "lib/verify/row_text.h"
#include "lib/verify/server_hash.h"

namespace cdc::verify {
namespace {

using Positions = std::vector<int64_t>;

std::vector<CellForm> FormsOf(const Plan& plan) {
  std::vector<CellForm> forms;
  for (const ComparedColumn& column : plan.columns) forms.push_back(column.form);
  return forms;
}

class LakeSide final : public Side {
 public:
  LakeSide(storage::FileSystem* files, const iceberg::LiveFiles* live, const Plan& plan,
           const Hashing& hashing, std::shared_ptr<const rows::Schema> projection)
      : files_(files),
        live_(live),
        plan_(plan),
        hashing_(hashing),
        projection_(std::move(projection)),
        text_(FormsOf(plan)) {
    for (const auto& [path, entry] : live->data()) data_.push_back(entry);
    std::sort(data_.begin(), data_.end(),
              [](const auto& a, const auto& b) { return a->file.file_path < b->file.file_path; });
  }

  Result<Buckets> Sums(Progress* progress) override {
    Buckets buckets(hashing_.buckets);
    CDC_TRY(EachRow(progress, [&](const rows::Batch& batch, uint32_t row, const Place&) {
      const int64_t key = KeyHash(batch, row);
      Bucket& bucket = buckets[BucketOf(key, buckets.size())];
      ++bucket.rows;
      bucket.sum += plan_.key.empty() ? key : RowHash(batch, row);
    }));
    return buckets;
  }

  Result<std::vector<RowMark>> Marks(const std::vector<bool>& wanted, Progress* progress) override {
    std::vector<RowMark> marks;
    CDC_TRY(EachRow(progress, [&](const rows::Batch& batch, uint32_t row, const Place& place) {
      const int64_t key = KeyHash(batch, row);
      if (!wanted[BucketOf(key, hashing_.buckets)]) return;
      const auto version = static_cast<uint64_t>(HashText(data_[place.file]->file.file_path, place.at));
      marks.push_back({key, RowHash(batch, row), place, version});
    }));
    return marks;
  }

  Result<std::vector<RowTexts>> Texts(const std::vector<Place>& places) override {
    std::map<uint32_t, Positions> wanted;
    for (const Place& place : places) wanted[place.file].push_back(place.at);
    std::map<Place, RowTexts> found;
    for (auto& [file, positions] : wanted) {
      std::sort(positions.begin(), positions.end());
      CDC_ASSIGN(const auto reader, OpenData(file));
      rows::Batch batch(projection_);
      CDC_TRY(reader->ReadRows(positions, &batch));
      for (uint32_t row = 0; row < batch.rows(); ++row) found[{file, positions[row]}] = TextsOf(batch, row);
    }
    std::vector<RowTexts> texts;
    for (const Place& place : places) texts.push_back(found[place]);
    return texts;
  }

 private:
  int64_t RowHash(const rows::Batch& batch, uint32_t row) {
    return HashText(text_.Of(batch, row), hashing_.seed);
  }
  int64_t KeyHash(const rows::Batch& batch, uint32_t row) {
    return HashText(text_.Of(batch, row, plan_.key.empty() ? nullptr : &plan_.key), hashing_.seed);
  }

  RowTexts TextsOf(const rows::Batch& batch, uint32_t row) const {
    RowTexts texts;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      std::string text;
      const bool there = AppendCellText(batch.column(i), row, plan_.columns[i].form, &text);
      texts.push_back(there ? std::optional(std::move(text)) : std::nullopt);
    }
    return texts;
  }

  Result<std::unique_ptr<parquet::DataFileReader>> OpenData(uint32_t file) {
    CDC_ASSIGN(auto opened, files_->Open(data_[file]->file.file_path));
    return parquet::DataFileReader::Make(std::move(opened), projection_);
  }

  /// Positions of a data file that are deleted, ascending.
  Result<Positions> DeletedFrom(const std::string& path) {
    Positions deleted;
    for (const auto& entry : live_->DeletesOf(path)) {
      const std::string& name = entry->file.file_path;
      if (iceberg::ReferencedDataFile(entry->file)) {
        CDC_ASSIGN(auto opened, files_->Open(name));
        CDC_ASSIGN(auto all, parquet::ReadPositionDeletes(std::move(opened)));
        deleted.insert(deleted.end(), all[path].begin(), all[path].end());
        continue;
      }
      auto shared = shared_.find(name);  // it speaks of many files: read once
      if (shared == shared_.end()) {
        CDC_ASSIGN(auto opened, files_->Open(name));
        CDC_ASSIGN(auto all, parquet::ReadPositionDeletes(std::move(opened)));
        shared = shared_.emplace(name, std::move(all)).first;
      }
      const auto of_file = shared->second.find(path);
      if (of_file != shared->second.end())
        deleted.insert(deleted.end(), of_file->second.begin(), of_file->second.end());
    }
    std::sort(deleted.begin(), deleted.end());
    return deleted;
  }

  template <typename Take>
  Status EachRow(Progress* progress, const Take& take) {
    progress->done = 0;
    progress->total = live_->totals().records;
    rows::Batch batch(projection_);
    for (uint32_t file = 0; file < data_.size(); ++file) {
      CDC_ASSIGN(const Positions deleted, DeletedFrom(data_[file]->file.file_path));
      CDC_ASSIGN(const auto reader, OpenData(file));
      auto next = deleted.begin();
      for (int64_t first = 0;;) {
        CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
        if (!more) break;
        for (uint32_t row = 0; row < batch.rows(); ++row) {
          const int64_t at = first + row;
          while (next != deleted.end() && *next < at) ++next;
          if (next != deleted.end() && *next == at) continue;
          take(batch, row, Place{file, at});
        }
        progress->done += batch.rows();
      }
    }
    return {};
  }

  storage::FileSystem* files_;
  const iceberg::LiveFiles* live_;
  const Plan& plan_;
  Hashing hashing_;
  std::shared_ptr<const rows::Schema> projection_;
  RowText text_;
  std::vector<iceberg::LiveFiles::Entry> data_;  // ordered by path
  std::map<std::string, std::map<std::string, Positions>> shared_;
};

}  // namespace

Result<std::unique_ptr<LakeMoment>> LakeMoment::Open(storage::FileSystem* files, iceberg::LoadedTable table) {
  std::unique_ptr<LakeMoment> moment(new LakeMoment());
  moment->files_ = files;
  moment->table_ = std::move(table);
  CDC_ASSIGN(moment->schema_, moment->table_.metadata->CurrentSchema());
  CDC_ASSIGN(moment->live_, iceberg::LiveFiles::Load(*files, *moment->table_.metadata));
  if (moment->live_.has_equality_deletes()) {
    return Error{ErrorKind::kUnsupported, "Comparing rows: the table has equality deletes of another engine",
                 "have that engine rewrite the table's data files"};
  }
  return moment;
}

Result<std::unique_ptr<Side>> LakeMoment::Read(const Plan& plan, const Hashing& hashing) {
  auto projection = std::make_shared<rows::Schema>();
  for (const ComparedColumn& column : plan.columns) {
    const int at = schema_.IndexOf(column.target);
    if (at < 0)
      return Error{ErrorKind::kTransient,
                   fmt::format("Comparing rows: column {} has just been taken away", column.target)};
    projection->fields.push_back(schema_.fields[static_cast<size_t>(at)]);
  }
  return std::unique_ptr<Side>(new LakeSide(files_, &live_, plan, hashing, std::move(projection)));
}

}  // namespace cdc::verify
