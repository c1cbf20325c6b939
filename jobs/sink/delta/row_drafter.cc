#include "jobs/sink/delta/row_drafter.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "jobs/sink/delta/stored_rows.h"
#include "jobs/sink/delta/table_features.h"
#include "lib/core/check.h"
#include "lib/delta/file_stats.h"
#include "lib/index/key_index.h"

namespace cdc::delta_sink {
namespace {

using index::KeyIndex;
using index::Location;

/// Old rows in memory at a time, next to the batch.
constexpr size_t kOldRows = 512;
constexpr uint32_t kNoSlot = UINT32_MAX;

/// Columns that say whether a row has changed: all but the time at which we took it.
std::vector<size_t> TellingColumns(const rows::Schema& schema, const std::optional<OwnNames>& own) {
  std::vector<size_t> columns;
  const auto time = own ? own->find("ingestion_time()") : OwnNames::const_iterator();
  for (size_t c = 0; c < schema.fields.size(); ++c) {
    if (own && time != own->end() && schema.fields[c].name == time->second) continue;
    columns.push_back(c);
  }
  return columns;
}

bool SameRow(const rows::Batch& a, uint32_t row_a, const rows::Batch& b, uint32_t row_b,
             const std::vector<size_t>& columns) {
  std::vector<char> left, right;
  for (const size_t c : columns) {
    left.clear();
    right.clear();
    rows::AppendCanonical(a.column(c), row_a, &left);
    rows::AppendCanonical(b.column(c), row_b, &right);
    if (left != right) return false;
  }
  return true;
}

/// The slot that wants a row of the batch, row by row.
std::vector<uint32_t> SlotOfRow(const Fold& fold) {
  std::vector<uint32_t> slot_of(fold.batch().rows(), kNoSlot);
  const auto& slots = fold.slots();
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kLive) slot_of[slots[i].row] = i;
  }
  return slot_of;
}

}  // namespace

parquet::WriterOptions FileOptions(int64_t memory_bytes) {
  const worker::ByteShares shares = ShareOut(memory_bytes);
  parquet::WriterOptions options;
  options.row_group_bytes = shares.row_group;
  options.open_bytes = shares.open_pages;
  return options;
}

delta::AddFile AddOf(const iceberg::DataFile& file, const DeltaTable& table, const CommitDraft& draft) {
  delta::AddFile add;
  add.path = table.LogPath(file.file_path);
  add.size = file.file_size_in_bytes;
  add.modification_time = draft.now_ms;
  add.data_change = draft.data_change;
  add.stats = delta::StatsOf(file, *delta::StoredSchema(*table.schema(), table.columns()));
  return add;
}

Status RowDrafter::Draft(const Fold& fold, CommitDraft* draft) {
  const size_t slots = fold.slots().size();
  // Half of the open pages each: data and change file are open at the same time.
  Work work{fold, std::vector<OldRow>(slots), std::vector<bool>(slots),
            ChangeFile(parts_.table, draft, FileOptions(settings_.table.memory_bytes)),
            Enabled(parts_.table.metadata(), kFeedProperty)};
  draft->truncates = draft->intent.clears = fold.truncated();
  draft->intent.changes.reserve(slots);
  if (parts_.locator.open() && !fold.truncated()) CDC_TRY(FindOld(&work));
  if (work.feed) CDC_TRY(fold.truncated() ? WriteTruncated(&work) : WriteOldRows(&work));
  CDC_TRY(WriteRows(&work, draft));
  NoteSuperseded(work, draft);
  CDC_TRY(work.changes.Close());
  return parts_.deleted.Draft(draft);
}

/// A key of which the index knows a row that somebody else has deleted has none.
Status RowDrafter::FindOld(Work* work) const {
  const auto& slots = work->fold.slots();
  if (parts_.locator.size() == 0) return {};
  std::vector<Hash128> keys(slots.size());
  for (size_t i = 0; i < slots.size(); ++i) keys[i] = slots[i].key;
  std::vector<Location> found(slots.size(), KeyIndex::Missing());
  CDC_TRY(parts_.locator.FindMany(keys, found));
  std::map<uint32_t, const std::string*> paths;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (found[i] == KeyIndex::Missing()) continue;
    work->old[i].indexed = true;
    const auto [known, first] = paths.try_emplace(found[i].file, nullptr);
    if (first) known->second = parts_.locator.LivePath(found[i].file);
    work->old[i].path = known->second;
    work->old[i].position = found[i].position;
  }
  // By file: its deleted rows are looked at once.
  std::map<const std::string*, std::vector<size_t>> by_file;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (work->old[i].path != nullptr) by_file[work->old[i].path].push_back(i);
  }
  for (const auto& [path, of_file] : by_file) {
    CDC_ASSIGN(const PositionSet* deleted, parts_.deleted.Find(*path));
    for (const size_t i : of_file) {
      if (deleted->Has(work->old[i].position)) work->old[i].path = nullptr;
    }
  }
  return {};
}

/// Pre-images are the rows as the table has them.
Status RowDrafter::WriteOldRows(Work* work) const {
  std::map<std::string, std::vector<uint32_t>> by_file;
  const auto& slots = work->fold.slots();
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (work->old[i].path != nullptr && slots[i].state != Slot::State::kUntouched)
      by_file[*work->old[i].path].push_back(i);
  }
  for (auto& [path, of_file] : by_file) CDC_TRY(WriteOldRowsOf(path, std::move(of_file), work));
  return {};
}

/// \param slots whose old rows are in that file
Status RowDrafter::WriteOldRowsOf(const std::string& path, std::vector<uint32_t> slots, Work* work) const {
  std::sort(slots.begin(), slots.end(),
            [work](uint32_t a, uint32_t b) { return work->old[a].position < work->old[b].position; });
  const auto schema = parts_.table.schema();
  const auto telling = TellingColumns(*schema, parts_.definition.own_names());
  CDC_ASSIGN(const auto reader, parts_.located.OpenData(path, schema));
  for (size_t at = 0; at < slots.size(); at += kOldRows) {
    const size_t end = std::min(at + kOldRows, slots.size());
    std::vector<int64_t> positions;
    for (size_t i = at; i < end; ++i) positions.push_back(work->old[slots[i]].position);
    rows::Batch batch(schema);
    CDC_TRY(reader->ReadRows(positions, &batch));
    std::vector<uint32_t> gone, before;
    for (size_t i = at; i < end; ++i) {
      const auto row = static_cast<uint32_t>(i - at);
      const Slot& slot = work->fold.slots()[slots[i]];
      if (slot.state == Slot::State::kGone)
        gone.push_back(row);
      else if (SameRow(batch, row, work->fold.batch(), slot.row, telling))
        work->unchanged[slots[i]] = true;
      else
        before.push_back(row);
    }
    CDC_TRY(work->changes.Write(batch, gone, kDelete));
    CDC_TRY(work->changes.Write(batch, before, kPreImage));
  }
  return {};
}

/// Files that go as a whole say by themselves what goes. Where one has a deletion vector some readers count
/// rows that were deleted before (delta-rs 1.6.6), so then the changes are written.
Status RowDrafter::WriteTruncated(Work* work) const {
  const auto& files = parts_.table.snapshot().files();
  if (std::none_of(files.begin(), files.end(),
                   [](const auto& file) { return file.second.add.vector.has_value(); }))
    return {};
  for (const auto& [path, file] : files) {
    CDC_ASSIGN(const PositionSet deleted, parts_.located.DeletedOf(path));
    CDC_ASSIGN(const auto reader, parts_.located.OpenData(path, parts_.table.schema()));
    rows::Batch batch(parts_.table.schema());
    std::vector<uint32_t> live;
    for (int64_t first = 0;;) {
      CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
      if (!more) break;
      live.clear();
      for (uint32_t row = 0; row < batch.rows(); ++row) {
        if (!deleted.Has(first + row)) live.push_back(row);
      }
      CDC_TRY(work->changes.Write(batch, live, kDelete));
    }
  }
  return {};
}

Status RowDrafter::WriteRows(Work* work, CommitDraft* draft) const {
  const Fold& fold = work->fold;
  const bool indexed = parts_.locator.open();
  const std::vector<uint32_t> slot_of =
      indexed ? SlotOfRow(fold) : std::vector<uint32_t>(fold.batch().rows(), kNoSlot);
  uint32_t number = indexed ? parts_.locator.next_number() : 1;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < slot_of.size(); ++row) {
    if (!indexed || (slot_of[row] != kNoSlot && !work->unchanged[slot_of[row]])) rows.push_back(row);
  }
  constexpr size_t kSlice = 32'768;
  for (size_t at = 0; at < rows.size(); ++number) {
    const std::string path = parts_.table.NewPath("data");
    CDC_ASSIGN(NewFile file, draft->Create(path, parts_.table));
    CDC_ASSIGN(auto writer, CreateStored(std::move(file.out), path, parts_.table.columns(),
                                         FileOptions(settings_.table.memory_bytes)));
    while (at < rows.size() && writer->bytes_written_estimate() < settings_.table.target_file_bytes) {
      const std::vector<uint32_t> slice(
          rows.begin() + static_cast<ptrdiff_t>(at),
          rows.begin() + static_cast<ptrdiff_t>(std::min(at + kSlice, rows.size())));
      auto position = static_cast<uint32_t>(writer->rows());
      for (const uint32_t row : slice) {
        if (indexed) draft->intent.changes.push_back({fold.slots()[slot_of[row]].key, {number, position++}});
      }
      CDC_TRY(writer->Write(fold.batch(), slice));
      CDC_TRY(WriteNewRows(slice, slot_of, work));
      at += slice.size();
    }
    CDC_ASSIGN(const iceberg::DataFile written, writer->Close());
    draft->rows += written.record_count;
    draft->intent.new_files.emplace_back(number, path);
    draft->actions.emplace_back(AddOf(written, parts_.table, *draft));
  }
  return {};
}

/// A version that only adds rows needs no change file; one that does anything else has all of its changes
/// there.
Status RowDrafter::WriteNewRows(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& slots,
                                Work* work) const {
  if (work->changes.empty()) return {};
  std::vector<uint32_t> inserted, updated;
  for (const uint32_t row : rows) {
    const bool had_one = slots[row] != kNoSlot && work->old[slots[row]].path != nullptr;
    (had_one ? updated : inserted).push_back(row);
  }
  CDC_TRY(work->changes.Write(work->fold.batch(), inserted, kInsert));
  return work->changes.Write(work->fold.batch(), updated, kPostImage);
}

void RowDrafter::NoteSuperseded(const Work& work, CommitDraft* draft) const {
  const auto& slots = work.fold.slots();
  uint64_t new_keys = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state == Slot::State::kUntouched || work.unchanged[i]) continue;
    const OldRow& old = work.old[i];
    new_keys += slots[i].state == Slot::State::kLive && !old.indexed;
    if (slots[i].state == Slot::State::kGone && old.indexed)
      draft->intent.changes.push_back({slots[i].key, KeyIndex::Missing()});
    if (old.path != nullptr) draft->deletes[*old.path].push_back(old.position);
  }
  draft->intent.new_keys = new_keys;
  if (!slots.empty()) {
    // As if the records to come were like this batch.
    draft->intent.keys_to_come =
        static_cast<uint64_t>(static_cast<double>(new_keys) / static_cast<double>(slots.size()) *
                              static_cast<double>(expected_records_));
  }
}

}  // namespace cdc::delta_sink
