#include "jobs/sink/iceberg/commit_draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/iceberg/deletable.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/storage/in_parallel.h"

namespace cdc::iceberg_sink {
namespace {

using index::KeyIndex;
using index::Location;

/// Of a data file, in a commit that touches many of them.
constexpr size_t kUsualDeletes = 16;

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
  if (indexed && !fold.truncated() && index_->size() > 0) {
    std::vector<Hash128> keys(slots.size());
    for (size_t i = 0; i < slots.size(); ++i) keys[i] = slots[i].key;
    CDC_TRY(index_->FindMany(keys, old));
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

  NoteSuperseded(slots, old, draft);
  return {};
}

/// What becomes of the rows that the table has of the batch's keys.
/// \param old where they are, slot by slot
void IcebergSink::NoteSuperseded(const std::vector<Slot>& slots, const std::vector<Location>& old,
                                 Draft* draft) const {
  std::vector<Location> superseded;
  uint64_t new_keys = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kUntouched) continue;
    new_keys += slots[i].state == Slot::State::kLive && old[i] == KeyIndex::Missing();
    if (slots[i].state == Slot::State::kGone && old[i] != KeyIndex::Missing()) {
      draft->intent.changes.push_back({slots[i].key, KeyIndex::Missing()});
    }
    if (old[i] != KeyIndex::Missing()) superseded.push_back(old[i]);
  }
  draft->intent.new_keys = new_keys;
  // As if what is to come were like this batch.
  if (!slots.empty()) {
    draft->intent.keys_to_come =
        static_cast<uint64_t>(static_cast<double>(new_keys) / static_cast<double>(slots.size()) *
                              static_cast<double>(expected_records_));
  }
  GroupDeletes(superseded, draft);
}

/// The superseded rows by data file.
void IcebergSink::GroupDeletes(const std::vector<Location>& superseded, Draft* draft) const {
  std::unordered_map<uint32_t, std::vector<int64_t>> by_file;
  for (const Location& old : superseded) {
    std::vector<int64_t>& positions = by_file[old.file];
    if (positions.empty()) positions.reserve(kUsualDeletes);
    positions.push_back(old.position);
  }
  for (auto& [file, positions] : by_file) {
    // A file that is not live any more took its rows with it.
    const std::string* path = numbers_->PathOf(file);
    if (path == nullptr || live_.FindData(*path) == nullptr) continue;
    std::vector<int64_t>& deletes = draft->deletes[*path];
    if (deletes.empty())
      deletes = std::move(positions);
    else
      deletes.insert(deletes.end(), positions.begin(), positions.end());
  }
}

/// What an attempt wrote and certainly did not commit.
void IcebergSink::Discard(const Draft& draft) {
  // What cannot be deleted now is an orphan, and the orphan sweep's.
  std::vector<std::string> paths = draft.intent.attempt_files;
  iceberg::KeepOwnFiles(*table_.metadata, &paths);
  (void)storage::DeleteMany(closing_, paths);
}

}  // namespace cdc::iceberg_sink
