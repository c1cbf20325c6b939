#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::iceberg_sink {

/// The secret of the table's key hashes. A table that has none, or one that is none, is given one in a commit
/// of its own: then no index that there may be is of it (RecoverIndex).
Status IcebergSink::TakeSecret() {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    if (const auto secret = KeySecret::FromHex(table_.metadata->Property(kPropertySecret, ""))) {
      secret_ = *secret;
      return {};
    }
    const iceberg::TableCommit commit =
        iceberg::PropertiesCommit(*table_.metadata, {{kPropertySecret, KeySecret::Random().Hex()}});
    auto committed = ports_.catalog.CommitTable(table_, commit);
    if (!committed && committed.error().kind != ErrorKind::kCommitUnknown &&
        committed.error().kind != ErrorKind::kConflict) {
      return committed.error();
    }
    if (!committed && attempt == kAttempts) {
      return Error{ErrorKind::kTransient, "cannot give table " + ToString(settings_.ident) +
                                              " the property " + kPropertySecret + ": " +
                                              committed.error().message};
    }
    if (!committed) committed = ports_.catalog.LoadTable(IdentOf(settings_));
    if (!committed) return committed.error();
    // Whatever else is new there belongs together: the snapshot's files are read again.
    const bool moved = committed->metadata->current_snapshot_id != live_.snapshot_id();
    if (moved)
      CDC_TRY(Adopt(std::move(*committed)));
    else
      table_ = std::move(*committed);
  }
}

/// Opens the index and makes it the one of the table's current snapshot: by the journal when the last run
/// died between commit and index, by reading new files when somebody else committed, by reading every file's
/// keys when it is lost, or when anything of it is in doubt.
Status IcebergSink::RecoverIndex() {
  CDC_ASSIGN(std::string lost, OpenIndex());
  if (lost.empty()) {
    auto found = CompleteIndex();
    // Damaged in a part that was looked at only now.
    if (!found && index_->doubtful())
      lost = found.error().message;
    else if (!found)
      return found.error();
    else
      lost = std::move(*found);
  }
  return lost.empty() ? Status{} : RebuildIndex(lost);
}

/// \return why it is lost; empty: it is not.
Result<std::string> IcebergSink::OpenIndex() {
  auto opened = index::KeyIndex::Open(settings_.index_folder, index::BootId());
  if (!opened && opened.error().kind == ErrorKind::kTransient) return opened.error();
  if (!opened) return opened.error().message;
  if ((*opened)->stamp().table_uuid != table_.metadata->table_uuid)
    return std::string("the index is of another table");
  if ((*opened)->stamp().secret != secret_.fingerprint())
    return std::string("the index is of another secret than the table has now");
  auto numbers = index::FileNumbers::Open(settings_.index_folder, (*opened)->numbers());
  if (!numbers && numbers.error().kind == ErrorKind::kTransient) return numbers.error();
  if (!numbers) return numbers.error().message;
  index_ = std::move(*opened);
  numbers_ = std::move(*numbers);
  return std::string();
}

/// \return as OpenIndex().
Result<std::string> IcebergSink::CompleteIndex() {
  const iceberg::TableMetadata& metadata = *table_.metadata;
  CDC_TRY(ReplayJournal());
  const auto [unfinished, goal] = index_->unfinished();
  if (unfinished == index::Unfinished::kCommit)
    return fmt::format("commit {} is half in the index, and not in the journal", goal);
  if (unfinished == index::Unfinished::kCatchUp && !metadata.HistoryContains(goal))
    return std::string("the table was rolled back while the index caught up");
  index::RemoveJournal(settings_.index_folder);
  const int64_t current = metadata.current_snapshot_id.value_or(0);
  const int64_t stamped = index_->stamp().snapshot_id;
  if (stamped != 0 && stamped != current && !metadata.HistoryContains(stamped)) {
    // Rows that a rollback brought back to life are in files that the index knows otherwise.
    return std::string("the table was rolled back, or its history is gone");
  }
  if (stamped != current || unfinished != index::Unfinished::kNothing) {
    if (identity_ != nullptr) return std::string("rows without a key cannot be caught up with");
    index_->SetMoved(0);
    CDC_TRY(CatchUpIndex());
    return std::string();
  }
  for (const auto& [path, entry] : live_.data()) {
    if (numbers_->NumberOf(path) == UINT32_MAX) return "it does not know the live data file " + path;
  }
  const int64_t keys = RowsOfTable() + index_->excess();
  if (keys != static_cast<int64_t>(index_->size()))
    return fmt::format("it has {} keys, and should have {}", index_->size(), keys);
  return std::string();
}

int64_t IcebergSink::RowsOfTable() const { return live_.totals().records - live_.totals().position_deletes; }

/// What the last run may have left undone between its last commit and the index, wherever it died
/// (BringIndexForward). Interrupted itself, it is begun anew: the journal stays until it is done.
Status IcebergSink::ReplayJournal() {
  const iceberg::TableMetadata& metadata = *table_.metadata;
  CDC_ASSIGN(const auto intent, index::ReadJournal(settings_.index_folder));
  if (!intent || intent->table_uuid != metadata.table_uuid || intent->secret != secret_.fingerprint())
    return {};
  if (!metadata.HistoryContains(intent->snapshot_id)) {
    // Its files stay for the orphan sweep: a commit may still arrive late.
    ports_.log.Info("commit {} of the last run did not take place", intent->snapshot_id);
    return {};
  }
  const int64_t stamped = index_->stamp().snapshot_id;
  const bool done = intent->keys_in_files && stamped == intent->snapshot_id;
  if (done || (stamped != intent->parent_snapshot_id && stamped != intent->snapshot_id)) return {};
  // Which of equal rows the file has is not in it: the index is behind, and will be rebuilt.
  if (intent->keys_in_files && identity_ != nullptr) return {};
  // Keys that point to it already must find it under this number, and no other file: also when somebody has
  // taken it out of the table since.
  index_->Begin(index::Unfinished::kCommit, intent->snapshot_id);
  for (const auto& [number, path] : intent->new_files) {
    if (intent->keys_in_files && live_.FindData(path) != nullptr) CDC_TRY(ScanIntoIndex(path, number));
    CDC_TRY(numbers_->Add(number, path));
  }
  index_->SetNumbers(numbers_->chain());
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
  index_->SetNumbers(numbers_->chain());
  return CatchUpIndex();
}

/// Entries of files that are not live any more are told by their file, so only new files have to be read.
/// Whoever goes on where a run died must not give a number again that entries have already: it is taken
/// first.
Status IcebergSink::CatchUpIndex() {
  const auto started = ports_.clock.steady();
  size_t files = 0;
  const int64_t current = table_.metadata->current_snapshot_id.value_or(0);
  index_->Begin(index::Unfinished::kCatchUp, current);
  for (const auto& [path, entry] : live_.data()) {
    if (numbers_->NumberOf(path) != UINT32_MAX) continue;
    const uint32_t number = numbers_->next();
    CDC_TRY(numbers_->Take(number));
    index_->SetNumbers(numbers_->chain());
    CDC_TRY(ScanIntoIndex(path, number));
    CDC_TRY(numbers_->Add(number, path));
    index_->SetNumbers(numbers_->chain());
    ++files;
  }
  index_->SetExcess(static_cast<int64_t>(index_->size()) - RowsOfTable());
  index_->SetStamp({table_.metadata->table_uuid, current});
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

}  // namespace cdc::iceberg_sink
