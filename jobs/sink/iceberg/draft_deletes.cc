#include <algorithm>
#include <utility>

#include "jobs/sink/iceberg/commit_draft.h"
#include "lib/parquet/position_deletes.h"

namespace cdc::iceberg_sink {

/// Leaves of `draft->deletes` what is not deleted yet, and puts it into files. A data file without rows left
/// goes.
Status IcebergSink::DraftDeletes(Draft* draft) {
  if (draft->changes.remove_all) {
    draft->deleted_rows = live_.totals().records - live_.totals().position_deletes;
    return {};
  }
  for (auto each = draft->deletes.begin(); each != draft->deletes.end();) {
    auto& [data_path, positions] = *each;
    CDC_ASSIGN(const PositionSet* before, DeletedOf(data_path));
    SortPositions(&positions);
    std::erase_if(positions, [&](int64_t position) { return before->Has(position); });
    const auto count = static_cast<int64_t>(positions.size());
    draft->deleted_rows += count;
    const bool emptied = before->size() + count == live_.FindData(data_path)->file.record_count;
    if (emptied) DropFile(data_path, draft);
    each = emptied || count == 0 ? draft->deletes.erase(each) : std::next(each);
  }
  return ArrangeDeletes(false, draft);
}

void IcebergSink::DropFile(const std::string& data_path, Draft* draft) const {
  draft->changes.removed_paths.push_back(data_path);
  DropOwnDeletes(data_path, draft);
}

/// What speaks of other data files as well stays for them.
void IcebergSink::DropOwnDeletes(const std::string& data_path, Draft* draft) const {
  for (const auto& entry : live_.DeletesOf(data_path)) {
    if (iceberg::ReferencedDataFile(entry->file))
      draft->changes.removed_paths.push_back(entry->file.file_path);
  }
}

/// Puts the draft's deletes and the shared ones of files that stay where they belong (shared_deletes.h).
/// \param split whether each data file is to have its deletes for itself in any case
Status IcebergSink::ArrangeDeletes(bool split, Draft* draft) {
  CDC_ASSIGN(const SharedDeletes* shared, LoadShared());
  auto& removed = draft->changes.removed_paths;
  SharedChange change = PlanShared(*shared, removed, draft->deletes, split);
  for (const parquet::FileDeletes& each : change.own) CDC_TRY(WriteOwnDeletes(each, draft));
  if (!change.settled_file.empty()) {
    CDC_TRY(WriteSharedDeletes(change.settled_file, &change.settled->files, draft));
  }
  if (!change.recent_file.empty()) {
    CDC_TRY(WriteSharedDeletes(change.recent_file, &change.recent->files, draft));
  }
  removed.insert(removed.end(), change.replaced.begin(), change.replaced.end());
  draft->shared = std::move(change);
  return {};
}

/// \param paths gets the file's
Status IcebergSink::WriteSharedDeletes(std::span<const parquet::FileDeletes> files,
                                       std::vector<std::string>* paths, Draft* draft) {
  std::string path;
  CDC_ASSIGN(auto file, NewFile("deletes", &path, draft));
  CDC_ASSIGN(iceberg::DataFile written, parquet::WritePositionDeletes(std::move(file), path, files));
  draft->changes.added_deletes.push_back(std::move(written));
  paths->push_back(std::move(path));
  return {};
}

/// The new file holds all deletes of `data_path`, so the old one goes.
Status IcebergSink::WriteOwnDeletes(const parquet::FileDeletes& more, Draft* draft) {
  const std::string data_path(more.data_file_path);
  CDC_ASSIGN(PositionSet all, DeletedPositions(data_path));
  all.Add(more.positions);
  DropOwnDeletes(data_path, draft);
  std::string path;
  CDC_ASSIGN(auto file, NewFile("deletes", &path, draft));
  CDC_ASSIGN(iceberg::DataFile written,
             parquet::WritePositionDeletes(std::move(file), path, data_path, all.ToVector()));
  draft->changes.added_deletes.push_back(std::move(written));
  return {};
}

/// A table at rest is read fastest if each data file has its deletes for itself. \return whether it was not
/// so
Result<bool> IcebergSink::SplitSharedDeletes() {
  CDC_ASSIGN(const SharedDeletes* shared, LoadShared());
  if (shared->files() == 0) return false;
  Draft draft;
  if (Status arranged = ArrangeDeletes(true, &draft); !arranged) {
    Discard(draft);
    return arranged.error();
  }
  auto sent = Send(&draft, NewestSummary(), "replace");
  if (!sent) return sent.error();
  return true;
}

/// Delete files of several data files, another engine's as well, as long as there are few positions in all.
/// Which of ours was the recent one is not known any more: they are settled, and the next deletes join them.
/// \return valid until the next commit
Result<const SharedDeletes*> IcebergSink::LoadShared() {
  if (shared_ != nullptr) return shared_.get();
  auto loaded = std::make_unique<SharedDeletes>();
  int64_t count = 0;
  for (const auto& entry : live_.SharedDeletes()) {
    if (entry->file.record_count > kMostShared - count) continue;
    count += entry->file.record_count;
    CDC_ASSIGN(auto file, ports_.files.Open(entry->file.file_path));
    CDC_ASSIGN(const auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    for (const auto& [data_path, positions] : deletes) {
      const auto sensible = SensiblePositions(data_path, positions);
      if (sensible.empty()) continue;
      std::vector<int64_t>& known = loaded->settled.positions[data_path];
      known = Union(known, sensible);
    }
    loaded->settled.files.push_back(entry->file.file_path);
  }
  shared_ = std::move(loaded);
  return shared_.get();
}

/// What another engine says of rows that a file does not have, or of files that are not there, means nothing.
std::span<const int64_t> IcebergSink::SensiblePositions(const std::string& data_path,
                                                        std::span<const int64_t> ascending) const {
  const auto data = live_.FindData(data_path);
  const int64_t rows = data == nullptr ? 0 : data->file.record_count;
  const auto begin = std::lower_bound(ascending.begin(), ascending.end(), 0);
  return {begin, std::lower_bound(begin, ascending.end(), rows)};
}

/// What is deleted already of `data_path`, read.
Result<PositionSet> IcebergSink::ReadDeleted(const std::string& data_path) {
  CDC_ASSIGN(const SharedDeletes* shared, LoadShared());
  PositionSet positions;
  shared->EachOf(data_path, [&](std::span<const int64_t> some) { positions.Add(some); });
  for (const auto& entry : live_.DeletesOf(data_path)) {
    const std::string& path = entry->file.file_path;
    if (shared->Has(path)) continue;
    CDC_ASSIGN(auto file, ports_.files.Open(path));
    CDC_ASSIGN(const auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    if (const auto of_file = deletes.find(data_path); of_file != deletes.end())
      positions.Add(SensiblePositions(data_path, of_file->second));
  }
  return positions;
}

/// What is deleted already of `data_path`. Remembered up to a limit, else read.
Result<PositionSet> IcebergSink::DeletedPositions(const std::string& data_path) {
  if (const PositionSet* known = deleted_.Find(data_path)) return *known;
  return ReadDeleted(data_path);
}

/// The same without a copy, remembered from now on. \return valid until the next call
Result<const PositionSet*> IcebergSink::DeletedOf(const std::string& data_path) {
  if (const PositionSet* known = deleted_.Find(data_path)) return known;
  CDC_ASSIGN(PositionSet read, ReadDeleted(data_path));
  return deleted_.Keep(data_path, std::move(read));
}

}  // namespace cdc::iceberg_sink
