#include "jobs/worker/commit_draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/worker/byte_budget.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/parquet/position_deletes.h"
#include "lib/storage/in_parallel.h"

namespace cdc::worker {
namespace {

using index::KeyIndex;
using index::Location;

/// Row of the batch that survives, and the slot that wants it, in the order of rows.
struct Survivor {
  uint32_t row;
  uint32_t slot;
};

std::vector<Survivor> Survivors(const Fold& fold) {
  constexpr uint32_t kNone = UINT32_MAX;
  const auto& slots = fold.slots();
  std::vector<uint32_t> slot_of(fold.batch().rows(), kNone);
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kLive) slot_of[slots[i].row] = i;
  }
  std::vector<Survivor> out;
  out.reserve(slots.size());
  for (uint32_t row = 0; row < slot_of.size(); ++row) {
    if (slot_of[row] != kNone) out.push_back({row, slot_of[row]});
  }
  return out;
}

}  // namespace

/// The orphan sweep knows our files by this form of their names.
std::string IcebergSink::NewDataPath(const char* kind) const {
  return fmt::format("{}/data/{}-{}.parquet", table_.metadata->location, iceberg::NewUuid(), kind);
}

Result<std::unique_ptr<storage::Writer>> IcebergSink::NewFile(const char* kind, std::string* path,
                                                              Draft* draft) {
  *path = NewDataPath(kind);
  CDC_ASSIGN(auto file, closing_.Create(*path));
  draft->intent.attempt_files.push_back(*path);
  return file;
}

/// Data files of the surviving rows, and with each row the change of its key in the index.
Status IcebergSink::DraftRows(const Fold& fold, Draft* draft) {
  const auto& slots = fold.slots();
  const bool indexed = index_ != nullptr;
  std::vector<Location> old(slots.size(), KeyIndex::Missing());
  if (indexed && !fold.truncated()) {
    std::vector<Hash128> keys(slots.size());
    for (size_t i = 0; i < slots.size(); ++i) keys[i] = slots[i].key;
    index_->FindMany(keys, old);
  }
  std::vector<Survivor> survivors;
  if (indexed) {
    survivors = Survivors(fold);
  } else {
    for (uint32_t row = 0; row < fold.batch().rows(); ++row) survivors.push_back({row, 0});
  }

  draft->intent.clears = fold.truncated();
  draft->changes.remove_all = fold.truncated();
  draft->intent.changes.reserve(slots.size());
  uint32_t number = indexed ? numbers_->next() : 1;
  constexpr size_t kSliceRows = 32'768;
  std::vector<uint32_t> slice;
  for (size_t at = 0; at < survivors.size(); ++number) {
    std::string path;
    CDC_ASSIGN(auto file, NewFile("data", &path, draft));
    CDC_ASSIGN(auto writer, parquet::DataFileWriter::Make(std::move(file), path, schema_, FileOptions()));
    while (at < survivors.size() && writer->bytes_written_estimate() < settings_.target_file_bytes) {
      const size_t end = std::min(at + kSliceRows, survivors.size());
      auto position = static_cast<uint32_t>(writer->rows());
      slice.clear();
      for (size_t i = at; i < end; ++i) {
        slice.push_back(survivors[i].row);
        if (indexed) draft->intent.changes.push_back({slots[survivors[i].slot].key, {number, position++}});
      }
      CDC_TRY(writer->Write(fold.batch(), slice));
      at = end;
    }
    CDC_ASSIGN(iceberg::DataFile data, writer->Close());
    draft->rows += data.record_count;
    draft->intent.new_files.emplace_back(number, path);
    draft->changes.added_data.push_back(std::move(data));
  }

  std::vector<Location> superseded;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kUntouched) continue;
    if (slots[i].state == Slot::State::kGone && old[i] != KeyIndex::Missing()) {
      draft->intent.changes.push_back({slots[i].key, KeyIndex::Missing()});
    }
    if (old[i] != KeyIndex::Missing()) superseded.push_back(old[i]);
  }
  GroupDeletes(superseded, draft);
  return {};
}

/// The superseded rows by data file.
void IcebergSink::GroupDeletes(const std::vector<Location>& superseded, Draft* draft) const {
  std::unordered_map<uint32_t, std::vector<int64_t>> by_file;
  for (const Location& old : superseded) by_file[old.file].push_back(old.position);
  for (auto& [file, positions] : by_file) {
    // A file that is not live any more took its rows with it.
    const std::string* path = numbers_->PathOf(file);
    if (path == nullptr || live_.FindData(*path) == nullptr) continue;
    std::vector<int64_t>& deletes = draft->deletes[*path];
    deletes.insert(deletes.end(), positions.begin(), positions.end());
  }
}

/// One delete file for each data file that loses rows. It holds all of that file's deletes, so the old one
/// goes.
Status IcebergSink::DraftDeletes(Draft* draft) {
  if (draft->changes.remove_all) {
    draft->deleted_rows = live_.totals().records - live_.totals().position_deletes;
    return {};
  }
  for (auto& [data_path, positions] : draft->deletes) {
    CDC_ASSIGN(PositionSet all, DeletedPositions(data_path));
    const int64_t before = all.size();
    all.Add(positions);
    positions = {};
    draft->deleted_rows += all.size() - before;
    if (all.size() == before) continue;
    for (const auto& entry : live_.DeletesOf(data_path)) {
      // A foreign delete file of several data files stays: what it says of this one is repeated, which is
      // harmless.
      if (iceberg::ReferencedDataFile(entry->file))
        draft->changes.removed_paths.push_back(entry->file.file_path);
    }
    const auto data = live_.FindData(data_path);
    if (all.size() == data->file.record_count) {
      draft->changes.removed_paths.push_back(data_path);
      continue;
    }
    std::string path;
    CDC_ASSIGN(auto file, NewFile("deletes", &path, draft));
    CDC_ASSIGN(iceberg::DataFile deletes,
               parquet::WritePositionDeletes(std::move(file), path, data_path, all.ToVector()));
    draft->changes.added_deletes.push_back(std::move(deletes));
    draft->all_deleted[data_path] = std::move(all);
  }
  return {};
}

/// What is deleted already of `data_path`. Remembered up to a limit, else read.
Result<PositionSet> IcebergSink::DeletedPositions(const std::string& data_path) {
  if (const auto known = deleted_.find(data_path); known != deleted_.end()) return known->second;
  PositionSet positions;
  const auto data = live_.FindData(data_path);
  const int64_t rows = data == nullptr ? 0 : data->file.record_count;
  for (const auto& entry : live_.DeletesOf(data_path)) {
    CDC_ASSIGN(auto file, ports_.files.Open(entry->file.file_path));
    CDC_ASSIGN(const auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    const auto of_file = deletes.find(data_path);
    if (of_file == deletes.end()) continue;
    // What another engine says of rows that the file does not have means nothing.
    const auto& said = of_file->second;
    const auto begin = std::lower_bound(said.begin(), said.end(), 0);
    positions.Add(std::span(begin, std::lower_bound(begin, said.end(), rows)));
  }
  return positions;
}

void IcebergSink::Forget() {
  deleted_.clear();
  deleted_bytes_ = 0;
}

void IcebergSink::Forget(const std::string& data_path) {
  const auto known = deleted_.find(data_path);
  if (known == deleted_.end()) return;
  deleted_bytes_ -= known->second.byte_size();
  deleted_.erase(known);
}

/// Keeps what the table's newest delete file of `data_path` says, so that the next one need not read it.
/// Beyond a limit, which is some 100 million rows of data files, any of them are forgotten and read again
/// where they are wanted. Not all: a table a little beyond the limit would read all of them for every commit.
void IcebergSink::Remember(const std::string& data_path, PositionSet deleted) {
  const auto most = static_cast<size_t>(ShareOut(settings_.memory_bytes).known_deletes);
  Forget(data_path);
  deleted_bytes_ += deleted.byte_size();
  deleted_[data_path] = std::move(deleted);
  while (deleted_bytes_ > most) Forget(std::string(deleted_.begin()->first));
}

/// What an attempt wrote and certainly did not commit.
void IcebergSink::Discard(const Draft& draft) {
  // What cannot be deleted now is an orphan, and the orphan sweep's.
  (void)storage::DeleteMany(closing_, draft.intent.attempt_files);
}

}  // namespace cdc::worker
