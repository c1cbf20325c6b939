#include <fmt/format.h>

#include <algorithm>

#include "jobs/worker/iceberg_sink.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::worker {

/// Opens the index and makes it the one of the table's current snapshot: by the journal when the last run
/// died between commit and index, by reading new files when somebody else committed, by reading every file's
/// keys when it is lost.
Status IcebergSink::RecoverIndex() {
  const iceberg::TableMetadata& metadata = *table_.metadata;
  const int64_t current = metadata.current_snapshot_id.value_or(0);
  auto opened = index::KeyIndex::Open(settings_.index_folder, index::BootId());
  if (!opened && opened.error().kind == ErrorKind::kTransient) return opened.error();
  std::string lost;
  if (!opened)
    lost = opened.error().message;
  else if ((*opened)->stamp().table_uuid != metadata.table_uuid)
    lost = "the index is of another table";
  else if ((*opened)->stamp().secret != secret_.fingerprint())
    lost = "the index is of another secret than the table has now";
  if (!lost.empty()) {
    return RebuildIndex(lost);
  }
  index_ = std::move(*opened);
  CDC_ASSIGN(numbers_, index::FileNumbers::Open(settings_.index_folder));
  CDC_TRY(ReplayJournal());
  index::RemoveJournal(settings_.index_folder);
  const int64_t stamped = index_->stamp().snapshot_id;
  if (stamped != 0 && stamped != current && !metadata.HistoryContains(stamped)) {
    // Rows that a rollback brought back to life are in files that the index knows otherwise.
    return RebuildIndex("the table was rolled back, or its history is gone");
  }
  if (stamped != current && identity_ != nullptr)
    return RebuildIndex("rows without a key cannot be caught up with");
  if (stamped != current) return CatchUpIndex();
  for (const auto& [path, entry] : live_.data()) {
    if (numbers_->NumberOf(path) == UINT32_MAX) return RebuildIndex("the list of file numbers is damaged");
  }
  return {};
}

/// What the last run may have left undone between its last commit and the index, wherever it died
/// (BringIndexForward). Interrupted itself, it is begun anew: the journal stays until it is done.
Status IcebergSink::ReplayJournal() {
  const iceberg::TableMetadata& metadata = *table_.metadata;
  CDC_ASSIGN(const auto intent, index::ReadJournal(settings_.index_folder));
  if (!intent || intent->table_uuid != metadata.table_uuid) return {};
  if (!metadata.HistoryContains(intent->snapshot_id)) {
    // Its files stay for the orphan sweep: a commit may still arrive late.
    ports_.log.Info("commit {} of the last run did not take place", intent->snapshot_id);
    return {};
  }
  const int64_t stamped = index_->stamp().snapshot_id;
  const bool done = intent->keys_in_files && stamped == intent->snapshot_id;
  if (done || (stamped != intent->parent_snapshot_id && stamped != intent->snapshot_id)) return {};
  // Which of equal rows the file has is not in it.
  if (intent->keys_in_files && identity_ != nullptr) return RebuildIndex("a merge of files was cut short");
  // Keys that point to it already must find it under this number, and no other file: also when somebody has
  // taken it out of the table since.
  for (const auto& [number, path] : intent->new_files) {
    if (intent->keys_in_files && live_.FindData(path) != nullptr) CDC_TRY(ScanIntoIndex(path, number));
    CDC_TRY(numbers_->Add(number, path));
  }
  if (!intent->keys_in_files) return index::Apply(*intent, index_.get());
  index_->SetStamp({intent->table_uuid, intent->snapshot_id});
  return {};
}

/// The numbers go first: an index without them is lost again, numbers without an index are nothing.
Status IcebergSink::RebuildIndex(const std::string& why) {
  if (table_.metadata->current_snapshot_id)
    ports_.log.Info("rebuilding the key index from the table: {}", why);
  index_.reset();
  index::RemoveJournal(settings_.index_folder);
  CDC_ASSIGN(numbers_, index::FileNumbers::Create(settings_.index_folder));
  CDC_ASSIGN(index_, index::KeyIndex::Create(settings_.index_folder,
                                              {table_.metadata->table_uuid, 0, secret_.fingerprint()}));
  return CatchUpIndex();
}

/// Entries of files that are not live any more are told by their file, so only new files have to be read.
Status IcebergSink::CatchUpIndex() {
  const auto started = ports_.clock.steady();
  size_t files = 0;
  for (const auto& [path, entry] : live_.data()) {
    if (numbers_->NumberOf(path) != UINT32_MAX) continue;
    const uint32_t number = numbers_->next();
    CDC_TRY(ScanIntoIndex(path, number));
    CDC_TRY(numbers_->Add(number, path));
    ++files;
  }
  index_->SetStamp({table_.metadata->table_uuid, table_.metadata->current_snapshot_id.value_or(0)});
  if (files > 0) {
    const auto elapsed = std::chrono::duration_cast<Millis>(ports_.clock.steady() - started);
    ports_.log.Info("key index caught up files={} keys={} ms={}", files, index_->size(), elapsed.count());
  }
  return {};
}

Status IcebergSink::ScanIntoIndex(const std::string& path, uint32_t number) {
  if (identity_ != nullptr) return ScanRowsIntoIndex(path, number);
  auto projection = std::make_shared<rows::Schema>();
  for (const std::string& name : key_) {
    const int at = schema_->IndexOf(name);
    if (at < 0)
      return Error{ErrorKind::kCorrupt, fmt::format("the table has no key column '{}' any more", name)};
    projection->fields.push_back(schema_->fields[static_cast<size_t>(at)]);
  }
  std::vector<int> columns(projection->fields.size());
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<int>(i);
  rows::KeyHasher hasher(secret_, columns);
  CDC_ASSIGN(auto file, ports_.files.Open(path));
  CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(file), projection));
  CDC_ASSIGN(const PositionSet deleted, DeletedPositions(path));
  CDC_TRY(index_->Reserve(index_->size() + static_cast<uint64_t>(reader->rows() - deleted.size())));
  rows::Batch batch(projection);
  std::vector<index::KeyChange> found;
  int64_t first = 0;
  while (true) {
    CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
    if (!more) return {};
    found.clear();
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      const int64_t position = first + row;
      if (!deleted.Has(position))
        found.push_back({hasher(batch, row), {number, static_cast<uint32_t>(position)}});
    }
    CDC_TRY(index::PutMany(found, index_.get()));
    if (ports_.alive) CDC_TRY(ports_.alive());
  }
}

}  // namespace cdc::worker
