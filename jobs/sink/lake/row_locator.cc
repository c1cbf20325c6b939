#include "jobs/sink/lake/row_locator.h"

#include <fmt/format.h>

#include <numeric>

#include "lib/core/check.h"

namespace cdc::lake_sink {
namespace {

using index::KeyIndex;
using index::Location;

/// Numbers of files that are gone, kept before the list of numbers is worth rewriting.
constexpr size_t kMaxGoneNumbers = 1000;

}  // namespace

Result<uint32_t> CountIn(const KeyIndex& index, const worker::RowIdentity& identity, const Hash128& content) {
  const auto has = [&index](const Hash128& key) -> Result<bool> {
    CDC_ASSIGN(const Location found, index.Find(key));
    return !(found == KeyIndex::Missing());
  };
  return identity.Count(has, content);
}

namespace {

/// The key's columns; all of them in a table without a key.
Result<std::shared_ptr<const rows::Schema>> ColumnsToScan(const LocatedTable& table) {
  const std::shared_ptr<const rows::Schema> schema = table.schema();
  if (table.keys().identity != nullptr) return schema;
  auto projection = std::make_shared<rows::Schema>();
  for (const std::string& name : table.keys().columns) {
    const int at = schema->IndexOf(name);
    if (at < 0)
      return Error{ErrorKind::kCorrupt, fmt::format("the table has no key column '{}' any more", name)};
    projection->fields.push_back(schema->fields[static_cast<size_t>(at)]);
  }
  return std::shared_ptr<const rows::Schema>(std::move(projection));
}

/// Puts the rows of a batch into the index, but for deleted ones.
/// \param batch of ColumnsToScan() \param number of its file \param first position of its first row
Status PutRows(const RowKeys& keys, const rows::Batch& batch, uint32_t number, int64_t first,
               const PositionSet& deleted, KeyIndex* index) {
  if (keys.identity != nullptr) {
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      if (deleted.Has(first + row)) continue;
      const Hash128 content = keys.identity->ContentOf(batch, row);
      CDC_ASSIGN(const uint32_t count, CountIn(*index, *keys.identity, content));  // one more row of it
      CDC_TRY(index->Put(keys.identity->KeyOf(content, count), {number, static_cast<uint32_t>(first + row)}));
    }
    return {};
  }
  std::vector<int> columns(batch.column_count());
  std::iota(columns.begin(), columns.end(), 0);
  rows::KeyHasher hasher(keys.secret, std::move(columns));
  std::vector<index::KeyChange> found;
  found.reserve(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    const int64_t position = first + row;
    if (!deleted.Has(position))
      found.push_back({hasher(batch, row), {number, static_cast<uint32_t>(position)}});
  }
  return index::PutMany(found, index);
}

}  // namespace

Status RowLocator::Recover(const Alive& alive) {
  CDC_ASSIGN(std::string lost, Open());
  if (lost.empty()) {
    auto found = Complete(alive);
    // Damaged in a part that was looked at only now.
    if (!found && index_->doubtful())
      lost = found.error().message;
    else if (!found)
      return found.error();
    else
      lost = std::move(*found);
  }
  return lost.empty() ? Status{} : Rebuild(lost, alive);
}

/// \return why the index is lost; empty: it is not.
Result<std::string> RowLocator::Open() {
  auto opened = KeyIndex::Open(folder_, index::BootId());
  if (!opened && opened.error().kind == ErrorKind::kTransient) return opened.error();
  if (!opened) return opened.error().message;
  if ((*opened)->stamp().table_uuid != table_.id()) return std::string("the index is of another table");
  if ((*opened)->stamp().secret != table_.keys().secret.fingerprint())
    return std::string("the index is of another secret than the table has now");
  auto numbers = index::FileNumbers::Open(folder_, (*opened)->numbers());
  if (!numbers && numbers.error().kind == ErrorKind::kTransient) return numbers.error();
  if (!numbers) return numbers.error().message;
  index_ = std::move(*opened);
  numbers_ = std::move(*numbers);
  return std::string();
}

/// \return as Open().
Result<std::string> RowLocator::Complete(const Alive& alive) {
  CDC_TRY(ReplayJournal(alive));
  const auto [unfinished, goal] = index_->unfinished();
  if (unfinished == index::Unfinished::kCommit)
    return fmt::format("commit {} is half in the index, and not in the journal", goal);
  if (unfinished == index::Unfinished::kCatchUp && !table_.Descends(goal))
    return std::string("the table was rolled back while the index caught up");
  index::RemoveJournal(folder_);
  const int64_t current = table_.version();
  const int64_t stamped = index_->stamp().snapshot_id;
  if (stamped != 0 && stamped != current && !table_.Descends(stamped)) {
    // Rows that a rollback brought back to life are in files that the index knows otherwise.
    return std::string("the table was rolled back, or its history is gone");
  }
  if (stamped != current || unfinished != index::Unfinished::kNothing) {
    if (table_.keys().identity != nullptr) return std::string("rows without a key cannot be caught up with");
    index_->SetMoved(0);
    CDC_TRY(CatchUp(alive));
    return std::string();
  }
  for (const std::string* path : table_.data_files()) {
    if (numbers_->NumberOf(*path) == UINT32_MAX) return "it does not know the live data file " + *path;
  }
  const int64_t keys = table_.rows() + index_->excess();
  if (keys != static_cast<int64_t>(index_->size()))
    return fmt::format("it has {} keys, and should have {}", index_->size(), keys);
  return std::string();
}

/// Does what the last run may have left undone between its last commit and the index, wherever it died
/// (Apply). When it is interrupted itself, it is done again: the journal stays until it is done.
Status RowLocator::ReplayJournal(const Alive& alive) {
  CDC_ASSIGN(const auto intent, index::ReadJournal(folder_));
  if (!intent || intent->table_uuid != table_.id() || intent->secret != table_.keys().secret.fingerprint())
    return {};
  if (!table_.Descends(intent->snapshot_id)) {
    // Its files stay for the orphan sweep: a commit may still arrive late.
    log_.Info("commit {} of the last run did not take place", intent->snapshot_id);
    return {};
  }
  const int64_t stamped = index_->stamp().snapshot_id;
  const bool done = intent->keys_in_files && stamped == intent->snapshot_id;
  if (done || (stamped != intent->parent_snapshot_id && stamped != intent->snapshot_id)) return {};
  // Which of equal rows the file has is not in it: the index is behind, and will be rebuilt.
  if (intent->keys_in_files && table_.keys().identity != nullptr) return {};
  // Keys that point to the file already must find it under this number, and no other file: also when another
  // writer has taken it out of the table since.
  index_->Begin(index::Unfinished::kCommit, intent->snapshot_id);
  for (const auto& [number, path] : intent->new_files) {
    if (intent->keys_in_files && table_.HasFile(path)) CDC_TRY(ScanFile(path, number, alive));
    CDC_TRY(numbers_->Add(number, path));
  }
  index_->SetNumbers(numbers_->chain());
  if (!intent->keys_in_files) return index::Apply(*intent, index_.get());
  index_->SetStamp({intent->table_uuid, intent->snapshot_id});
  return {};
}

/// The numbers go first: an index without them is lost again, numbers without an index are nothing.
Status RowLocator::Rebuild(const std::string& why, const Alive& alive) {
  if (table_.version() != 0) log_.Info("rebuilding the key index from the table: {}", why);
  index_.reset();
  index::RemoveJournal(folder_);
  CDC_ASSIGN(numbers_, index::FileNumbers::Create(folder_));
  CDC_ASSIGN(index_, KeyIndex::Create(folder_, {table_.id(), 0, table_.keys().secret.fingerprint()}));
  index_->SetNumbers(numbers_->chain());
  return CatchUp(alive);
}

Status RowLocator::Follow(const Alive& alive) {
  if (index_ == nullptr) return {};
  return table_.keys().identity == nullptr ? CatchUp(alive) : Rebuild("another writer committed", alive);
}

/// Entries of files that are gone are recognised by their file, so only new files have to be read. A run that
/// continues where another died must not give a number again that entries have already: it is taken first.
Status RowLocator::CatchUp(const Alive& alive) {
  const auto started = clock_.steady();
  size_t files = 0;
  const int64_t current = table_.version();
  index_->Begin(index::Unfinished::kCatchUp, current);
  for (const std::string* path : table_.data_files()) {
    if (numbers_->NumberOf(*path) != UINT32_MAX) continue;
    const uint32_t number = numbers_->next();
    CDC_TRY(numbers_->Take(number));
    index_->SetNumbers(numbers_->chain());
    CDC_TRY(ScanFile(*path, number, alive));
    CDC_TRY(numbers_->Add(number, *path));
    index_->SetNumbers(numbers_->chain());
    ++files;
  }
  index_->SetExcess(static_cast<int64_t>(index_->size()) - table_.rows());
  index_->SetStamp({table_.id(), current});
  if (files > 0) {
    const auto elapsed = std::chrono::duration_cast<Millis>(clock_.steady() - started);
    log_.Info("key index caught up files={} keys={} ms={}", files, index_->size(), elapsed.count());
  }
  return {};
}

/// Reads every row of a file into the index.
Status RowLocator::ScanFile(const std::string& path, uint32_t number, const Alive& alive) {
  CDC_ASSIGN(const std::shared_ptr<const rows::Schema> projection, ColumnsToScan(table_));
  CDC_ASSIGN(auto reader, table_.OpenData(path, projection));
  CDC_ASSIGN(const PositionSet deleted, table_.DeletedOf(path));
  CDC_TRY(index_->Reserve(index_->size() + static_cast<uint64_t>(reader->rows() - deleted.size())));
  rows::Batch batch(projection);
  int64_t first = 0;
  while (true) {
    CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
    if (!more) return {};
    CDC_TRY(PutRows(table_.keys(), batch, number, first, deleted, index_.get()));
    if (alive) CDC_TRY(alive());
  }
}

Result<std::optional<RowPlace>> RowLocator::Find(const Hash128& key) const {
  const std::optional<RowPlace> nowhere;
  if (index_ == nullptr) return nowhere;
  CDC_ASSIGN(const Location location, index_->Find(key));
  if (location == KeyIndex::Missing()) return nowhere;
  const std::string* path = LivePath(location.file);
  if (path == nullptr) return nowhere;
  return std::optional(RowPlace{*path, location.position});
}

Result<uint32_t> RowLocator::Count(const worker::RowIdentity& identity, const Hash128& content) const {
  return CountIn(*index_, identity, content);
}

const std::string* RowLocator::LivePath(uint32_t file) const {
  const std::string* path = numbers_->PathOf(file);
  return path == nullptr || !table_.HasFile(*path) ? nullptr : path;
}

Status RowLocator::WriteJournal(const index::CommitIntent& intent) const {
  return index_ == nullptr ? Status{} : index::WriteJournal(folder_, intent);
}

/// A change that is in the journal may be applied half when the run dies: it is applied again. The keys of a
/// compaction are not in it; the next run reads them from the file (ReplayJournal), under the number that the
/// journal has for it. Wherever this one dies:
/// - before the commit: nothing of it is in the index, the file is an orphan.
/// - before the last Put: some keys point to a number that no list knows yet, the others to files that have
///   left the table. Nobody asks the index before the next run has put all of them, which it does,
///   because the stamp is that of the parent.
/// - between Add and SetStamp: the same once more, for nothing.
/// The stamp is the last store: where it is the commit's own, nothing is left to be done.
Status RowLocator::Apply(const index::CommitIntent& intent, std::span<const Hash128> moved,
                         std::span<const int64_t> moved_without) {
  if (index_ == nullptr) return {};
  CDC_CHECK(intent.table_uuid == table_.id());
  CDC_CHECK(!intent.keys_in_files || intent.new_files.size() == 1);
  index_->Begin(index::Unfinished::kCommit, intent.snapshot_id);
  if (intent.keys_in_files)
    CDC_TRY(index::PutFile(moved, intent.new_files.front().first, moved_without, index_.get()));
  for (const auto& [number, path] : intent.new_files) CDC_TRY(numbers_->Add(number, path));
  index_->SetNumbers(numbers_->chain());
  if (!intent.keys_in_files) return index::Apply(intent, index_.get());
  index_->SetStamp({intent.table_uuid, intent.snapshot_id});
  return {};
}

Status RowLocator::ForgetGoneFiles() {
  if (index_ == nullptr || numbers_->size() <= 2 * table_.data_files().size() + kMaxGoneNumbers) return {};
  CDC_TRY(numbers_->Retain([this](const std::string& path) { return table_.HasFile(path); }));
  index_->SetNumbers(numbers_->chain());
  return {};
}

Status RowLocator::Sync() {
  if (index_ == nullptr) return {};
  // An index that outlives a power loss needs its file numbers to do so, too.
  CDC_TRY(numbers_->Sync());
  return index_->Sync();
}

}  // namespace cdc::lake_sink
