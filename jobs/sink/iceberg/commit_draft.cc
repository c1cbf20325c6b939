#include "jobs/sink/iceberg/commit_draft.h"

#include <algorithm>

#include "jobs/sink/lake/delete_plan.h"
#include "lib/core/check.h"

namespace cdc::iceberg_sink {
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

std::vector<Survivor> AllRows(const Fold& fold) {
  std::vector<Survivor> out;
  for (uint32_t row = 0; row < fold.batch().rows(); ++row) out.push_back({row, 0});
  return out;
}

}  // namespace

parquet::WriterOptions FileOptions(int64_t memory_bytes) {
  const ByteShares shares = ShareOut(memory_bytes);
  parquet::WriterOptions options;
  options.row_group_bytes = shares.row_group;
  options.open_bytes = shares.open_pages;
  return options;
}

Status RowDrafter::Draft(const Fold& fold, CommitDraft* draft) {
  const auto& slots = fold.slots();
  std::vector<Location> old(slots.size(), KeyIndex::Missing());
  if (locator_.open() && !fold.truncated() && locator_.size() > 0) {
    std::vector<Hash128> keys(slots.size());
    for (size_t i = 0; i < slots.size(); ++i) keys[i] = slots[i].key;
    CDC_TRY(locator_.FindMany(keys, old));
  }
  draft->intent.clears = fold.truncated();
  draft->changes.remove_all = fold.truncated();
  draft->intent.changes.reserve(slots.size());
  CDC_TRY(WriteRows(fold, draft));
  NoteSuperseded(slots, old, draft);
  return {};
}

Status RowDrafter::WriteRows(const Fold& fold, CommitDraft* draft) {
  const auto& slots = fold.slots();
  const bool indexed = locator_.open();
  const std::vector<Survivor> survivors = indexed ? Survivors(fold) : AllRows(fold);
  uint32_t number = indexed ? locator_.next_number() : 1;
  constexpr size_t kSliceRows = 32'768;
  std::vector<uint32_t> slice;
  for (size_t at = 0; at < survivors.size(); ++number) {
    CDC_ASSIGN(NewFile file, draft->Create("data", table_));
    CDC_ASSIGN(auto writer, parquet::DataFileWriter::Make(std::move(file.out), file.path, table_.schema(),
                                                          FileOptions(memory_bytes_)));
    while (at < survivors.size() && writer->bytes_written_estimate() < target_file_bytes_) {
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
    draft->intent.new_files.emplace_back(number, file.path);
    draft->changes.added_data.push_back(std::move(data));
  }
  CDC_CHECK(draft->rows == static_cast<int64_t>(survivors.size()));
  return {};
}

/// Notes what becomes of the rows that the table has of the batch's keys.
/// \param old where they are, slot by slot
void RowDrafter::NoteSuperseded(const std::vector<Slot>& slots, const std::vector<Location>& old,
                                CommitDraft* draft) const {
  std::vector<Location> superseded;
  uint64_t new_keys = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kUntouched) continue;
    const bool has_row = !(old[i] == KeyIndex::Missing());
    new_keys += slots[i].state == Slot::State::kLive && !has_row;
    if (slots[i].state == Slot::State::kGone && has_row)
      draft->intent.changes.push_back({slots[i].key, KeyIndex::Missing()});
    if (has_row) superseded.push_back(old[i]);
  }
  draft->intent.new_keys = new_keys;
  if (!slots.empty()) {
    // As if the records to come were like this batch.
    draft->intent.keys_to_come =
        static_cast<uint64_t>(static_cast<double>(new_keys) / static_cast<double>(slots.size()) *
                              static_cast<double>(expected_records_));
  }
  GroupByFile(
      superseded, [this](uint32_t file) { return locator_.LivePath(file); }, &draft->deletes);
}

}  // namespace cdc::iceberg_sink
