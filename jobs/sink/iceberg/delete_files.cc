#include "jobs/sink/iceberg/delete_files.h"

#include <algorithm>
#include <utility>

#include "jobs/sink/lake/delete_plan.h"
#include "lib/parquet/position_deletes.h"

namespace cdc::iceberg_sink {

void DeleteFiles::ForgetFormerTable() {
  if (generation_ == table_.generation()) return;
  ForgetAll();
  generation_ = table_.generation();
}

void DeleteFiles::ForgetAll() {
  known_.ForgetAll();
  shared_.reset();
}

Status DeleteFiles::Draft(CommitDraft* draft) {
  const iceberg::LiveFiles& live = table_.live();
  if (draft->changes.remove_all) {
    draft->deleted_rows = live.totals().records - live.totals().position_deletes;
    return {};
  }
  CDC_ASSIGN(const DeletePlan plan,
             PlanDeletes(
                 &draft->deletes, [this](const std::string& path) { return Find(path); },
                 [&live](const std::string& path) { return live.FindData(path)->file.record_count; }));
  draft->deleted_rows += plan.rows;
  for (const std::string& data_path : plan.emptied) DropFile(data_path, draft);
  return Arrange(false, draft);
}

void DeleteFiles::DropFile(const std::string& data_path, CommitDraft* draft) const {
  draft->changes.removed_paths.push_back(data_path);
  DropOwnDeletes(data_path, draft);
}

/// Delete files that speak of other data files as well stay for them.
void DeleteFiles::DropOwnDeletes(const std::string& data_path, CommitDraft* draft) const {
  for (const auto& entry : table_.live().DeletesOf(data_path)) {
    if (iceberg::ReferencedDataFile(entry->file))
      draft->changes.removed_paths.push_back(entry->file.file_path);
  }
}

Status DeleteFiles::Arrange(bool split, CommitDraft* draft) {
  CDC_ASSIGN(const SharedDeletes* shared, Shared());
  auto& removed = draft->changes.removed_paths;
  SharedChange change = PlanShared(*shared, removed, draft->deletes, split);
  for (const parquet::FileDeletes& each : change.own) CDC_TRY(WriteOwn(each, draft));
  if (!change.settled_file.empty()) CDC_TRY(WriteShared(change.settled_file, &change.settled->files, draft));
  if (!change.recent_file.empty()) CDC_TRY(WriteShared(change.recent_file, &change.recent->files, draft));
  removed.insert(removed.end(), change.replaced.begin(), change.replaced.end());
  draft->shared = std::move(change);
  return {};
}

/// \param paths gets the file's
Status DeleteFiles::WriteShared(std::span<const parquet::FileDeletes> files, std::vector<std::string>* paths,
                                CommitDraft* draft) {
  CDC_ASSIGN(NewFile file, draft->Create("deletes", table_));
  CDC_ASSIGN(iceberg::DataFile written, parquet::WritePositionDeletes(std::move(file.out), file.path, files));
  draft->changes.added_deletes.push_back(std::move(written));
  paths->push_back(std::move(file.path));
  return {};
}

/// The new file holds all deletes of its data file, so the old one goes.
Status DeleteFiles::WriteOwn(const parquet::FileDeletes& more, CommitDraft* draft) {
  const std::string data_path(more.data_file_path);
  CDC_ASSIGN(PositionSet all, Read(data_path));
  all.Add(more.positions);
  DropOwnDeletes(data_path, draft);
  CDC_ASSIGN(NewFile file, draft->Create("deletes", table_));
  CDC_ASSIGN(iceberg::DataFile written,
             parquet::WritePositionDeletes(std::move(file.out), file.path, data_path, all.ToVector()));
  draft->changes.added_deletes.push_back(std::move(written));
  return {};
}

/// Which of our own files was the recent one is not known any more: they are settled, and the next deletes
/// join them.
Result<const SharedDeletes*> DeleteFiles::Shared() {
  ForgetFormerTable();
  if (shared_ != nullptr) return shared_.get();
  auto loaded = std::make_unique<SharedDeletes>();
  int64_t count = 0;
  for (const auto& entry : table_.live().SharedDeletes()) {
    if (entry->file.record_count > kMaxShared - count) continue;
    count += entry->file.record_count;
    CDC_ASSIGN(auto file, files_.Open(entry->file.file_path));
    CDC_ASSIGN(const auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    for (const auto& [data_path, positions] : deletes) {
      const auto existing = ExistingRows(data_path, positions);
      if (existing.empty()) continue;
      std::vector<int64_t>& known = loaded->settled.positions[data_path];
      known = Union(known, existing);
    }
    loaded->settled.files.push_back(entry->file.file_path);
  }
  shared_ = std::move(loaded);
  return shared_.get();
}

/// Another engine's deletes of rows that a file does not have, or of files that are not there, mean nothing.
std::span<const int64_t> DeleteFiles::ExistingRows(const std::string& data_path,
                                                   std::span<const int64_t> ascending) const {
  const auto data = table_.live().FindData(data_path);
  const int64_t rows = data == nullptr ? 0 : data->file.record_count;
  const auto begin = std::lower_bound(ascending.begin(), ascending.end(), 0);
  return {begin, std::lower_bound(begin, ascending.end(), rows)};
}

Result<PositionSet> DeleteFiles::ReadFromFiles(const std::string& data_path) {
  CDC_ASSIGN(const SharedDeletes* shared, Shared());
  PositionSet positions;
  shared->EachOf(data_path, [&](std::span<const int64_t> some) { positions.Add(some); });
  for (const auto& entry : table_.live().DeletesOf(data_path)) {
    const std::string& path = entry->file.file_path;
    if (shared->Has(path)) continue;
    CDC_ASSIGN(auto file, files_.Open(path));
    CDC_ASSIGN(const auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    if (const auto of_file = deletes.find(data_path); of_file != deletes.end())
      positions.Add(ExistingRows(data_path, of_file->second));
  }
  return positions;
}

Result<PositionSet> DeleteFiles::Read(const std::string& data_path) {
  ForgetFormerTable();
  if (const PositionSet* known = known_.Find(data_path)) return *known;
  return ReadFromFiles(data_path);
}

Result<const PositionSet*> DeleteFiles::Find(const std::string& data_path) {
  ForgetFormerTable();
  if (const PositionSet* known = known_.Find(data_path)) return known;
  CDC_ASSIGN(PositionSet read, ReadFromFiles(data_path));
  return known_.Keep(data_path, std::move(read));
}

void DeleteFiles::Advance(CommitDraft* draft) {
  ForgetFormerTable();
  if (draft->changes.remove_all) ForgetAll();
  for (const std::string& path : draft->changes.removed_paths) known_.Forget(path);
  for (const auto& [path, positions] : draft->deletes) known_.Add(path, positions);
  if (draft->shared && shared_ != nullptr) std::move(*draft->shared).ApplyTo(shared_.get());
  draft->shared.reset();
}

}  // namespace cdc::iceberg_sink
