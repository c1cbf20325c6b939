#include "jobs/worker/commit_draft.h"

#include <fmt/format.h>

#include <algorithm>

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
    CDC_ASSIGN(auto writer, parquet::DataFileWriter::Make(std::move(file), path, schema_));
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
  GroupDeletes(std::move(superseded), draft);
  return {};
}

/// The superseded rows by data file, positions ascending.
void IcebergSink::GroupDeletes(std::vector<Location> superseded, Draft* draft) const {
  std::sort(superseded.begin(), superseded.end(), [](Location a, Location b) {
    return (uint64_t{a.file} << 32 | a.position) < (uint64_t{b.file} << 32 | b.position);
  });
  for (size_t at = 0, end; at < superseded.size(); at = end) {
    const uint32_t file = superseded[at].file;
    for (end = at; end < superseded.size() && superseded[end].file == file;) ++end;
    // A file that is not live any more took its rows with it.
    const std::string* path = numbers_->PathOf(file);
    if (path == nullptr || live_.FindData(*path) == nullptr) continue;
    std::vector<int64_t>& positions = draft->deletes[*path];
    for (size_t i = at; i < end; ++i) positions.push_back(superseded[i].position);
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
    if (!std::is_sorted(positions.begin(), positions.end())) std::sort(positions.begin(), positions.end());
    CDC_ASSIGN(const std::vector<int64_t> before, DeletedPositions(data_path));
    std::vector<int64_t> all;
    all.reserve(before.size() + positions.size());
    std::set_union(before.begin(), before.end(), positions.begin(), positions.end(), std::back_inserter(all));
    draft->deleted_rows += static_cast<int64_t>(all.size() - before.size());
    if (all.size() == before.size()) continue;
    for (const auto& entry : live_.DeletesOf(data_path)) {
      // A foreign delete file of several data files stays: what it says of this one is repeated, which is
      // harmless.
      if (iceberg::ReferencedDataFile(entry->file))
        draft->changes.removed_paths.push_back(entry->file.file_path);
    }
    const auto data = live_.FindData(data_path);
    if (static_cast<int64_t>(all.size()) == data->file.record_count) {
      draft->changes.removed_paths.push_back(data_path);
      continue;
    }
    std::string path;
    CDC_ASSIGN(auto file, NewFile("deletes", &path, draft));
    CDC_ASSIGN(iceberg::DataFile deletes,
               parquet::WritePositionDeletes(std::move(file), path, data_path, all));
    draft->changes.added_deletes.push_back(std::move(deletes));
    draft->all_deleted[data_path].assign(all.begin(), all.end());
    positions = {};
  }
  return {};
}

/// Positions of `data_path` that are deleted already, ascending. Remembered up to a limit, else read.
Result<std::vector<int64_t>> IcebergSink::DeletedPositions(const std::string& data_path) {
  if (const auto known = deleted_.find(data_path); known != deleted_.end())
    return std::vector<int64_t>(known->second.begin(), known->second.end());
  std::vector<int64_t> positions;
  for (const auto& entry : live_.DeletesOf(data_path)) {
    CDC_ASSIGN(auto file, ports_.files.Open(entry->file.file_path));
    CDC_ASSIGN(auto deletes, parquet::ReadPositionDeletes(std::move(file)));
    const auto of_file = deletes.find(data_path);
    if (of_file == deletes.end()) continue;
    std::vector<int64_t> merged;
    std::set_union(positions.begin(), positions.end(), of_file->second.begin(), of_file->second.end(),
                   std::back_inserter(merged));
    positions = std::move(merged);
  }
  return positions;
}

void IcebergSink::Forget() {
  deleted_.clear();
  deleted_count_ = 0;
}

void IcebergSink::Forget(const std::string& data_path) {
  const auto known = deleted_.find(data_path);
  if (known == deleted_.end()) return;
  deleted_count_ -= known->second.size();
  deleted_.erase(known);
}

/// Keeps what the table's newest delete file of `data_path` says, so that the next one need not read it.
/// Beyond a limit all is forgotten: it is read again where it is wanted.
void IcebergSink::Remember(const std::string& data_path, std::vector<uint32_t> deleted) {
  constexpr size_t kMostPositions = 4 << 20;
  std::vector<uint32_t>& kept = deleted_[data_path];
  deleted_count_ += deleted.size() - kept.size();
  kept = std::move(deleted);
  if (deleted_count_ > kMostPositions) Forget();
}

/// What an attempt wrote and certainly did not commit.
void IcebergSink::Discard(const Draft& draft) {
  // What cannot be deleted now is an orphan, and the orphan sweep's.
  (void)storage::DeleteMany(closing_, draft.intent.attempt_files);
}

}  // namespace cdc::worker
