#pragma once

/// \file jobs/sink/lake/row_locator.h
/// Where the row of a key lies: in which data file, at which position. Kept in a key index on local disk that
/// follows the table, whatever the table's format.
///
/// Words: the *index* maps each key to a file number and a position, the *numbers* name the data files, the
/// *journal* says what the last commit was to do to both. The table is the truth, the index a cache of it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/lake/row_keys.h"
#include "lib/core/clock.h"
#include "lib/index/commit_journal.h"
#include "lib/index/file_numbers.h"
#include "lib/index/key_index.h"
#include "lib/log/logger.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/rows/batch.h"

namespace cdc::lake_sink {

struct RowPlace {
  std::string path;
  int64_t position = 0;
};

/// What a locator must know of its table. A version is what a commit makes: a snapshot of Iceberg's.
class LocatedTable {
 public:
  virtual ~LocatedTable() = default;

  virtual std::string id() const = 0;                ///< at most 36 characters
  virtual int64_t version() const = 0;               ///< the present one; 0: nothing is committed yet
  virtual bool Descends(int64_t version) const = 0;  ///< whether the present version comes from that one
  virtual int64_t rows() const = 0;                  ///< that are not deleted
  virtual bool HasFile(const std::string& path) const = 0;
  virtual std::vector<const std::string*> data_files() const = 0;  ///< paths; valid until the next commit
  virtual std::shared_ptr<const rows::Schema> schema() const = 0;
  virtual const RowKeys& keys() const = 0;
  /// Rows of a data file that are deleted. \return kTransient, kCorrupt.
  virtual Result<PositionSet> DeletedOf(const std::string& path) = 0;
  /// Reads a data file, live or not. \param projection columns of schema() \return kNotFound, kTransient,
  /// kCorrupt; as parquet::DataFileReader::Make().
  virtual Result<std::unique_ptr<parquet::DataFileReader>> OpenData(
      const std::string& path, std::shared_ptr<const rows::Schema> projection) const = 0;
};

/// How many rows of this content the index has, in a table without a key.
/// \return kTransient: the index is in doubt.
Result<uint32_t> CountIn(const index::KeyIndex& index, const worker::RowIdentity& identity,
                         const Hash128& content);

/// Owns the index, the numbers and the journal in its folder. It is closed, and finds nothing, before
/// Recover() or Rebuild(): so it stays in append mode. Where a function says kTransient because the index is
/// damaged, all of them do from then on, and the next run's Recover() rebuilds it. One thread at a time.
class RowLocator {
 public:
  /// Called repeatedly while keys are read; an error ends the reading.
  using Alive = std::function<Status()>;

  /// \param folder of the index \param table, clock must outlive this
  RowLocator(std::filesystem::path folder, LocatedTable& table, const Clock& clock, log::Logger log)
      : folder_(std::move(folder)), table_(table), clock_(clock), log_(std::move(log)) {}

  /// Opens the index and makes it that of the table's present version: by the journal where the last run died
  /// between commit and index, by reading new files where another writer committed, by reading every file's
  /// keys where the index is lost or anything of it is in doubt. \return kTransient, kCorrupt.
  Status Recover(const Alive& alive);
  /// Reads every file's keys into a new index. \param why for the log
  Status Rebuild(const std::string& why, const Alive& alive);
  /// Another writer committed: the index learns the new files.
  Status Follow(const Alive& alive);

  bool open() const { return index_ != nullptr; }
  uint64_t size() const { return index_->size(); }  ///< keys; once open()

  /// Where the table's row of `key` lies; nothing: it has none.
  Result<std::optional<RowPlace>> Find(const Hash128& key) const;
  /// Places of many keys, as they stand in the index: a file may have gone (LivePath). Once open().
  Status FindMany(std::span<const Hash128> keys, std::span<index::Location> out) const {
    return index_->FindMany(keys, out);
  }
  Result<index::Location> FindRaw(const Hash128& key) const { return index_->Find(key); }
  /// CountIn(). Once open().
  Result<uint32_t> Count(const worker::RowIdentity& identity, const Hash128& content) const;
  /// The path of a file that the table has; null: the number is unknown, or the file is gone, and its rows
  /// with it.
  const std::string* LivePath(uint32_t file) const;
  uint32_t NumberOf(const std::string& path) const { return numbers_->NumberOf(path); }  ///< once open()
  uint32_t next_number() const { return numbers_->next(); }  ///< of the next new file; once open()

  /// Before a commit is sent: writes down what it is about to do. Nothing while it is closed.
  Status WriteJournal(const index::CommitIntent& intent) const;
  /// After it is committed: applies the intent. Nothing while it is closed.
  /// \param moved with `intent.keys_in_files`: the keys of the new file, row by row …
  /// \param moved_without … and the rows among them that are not there any more, ascending
  Status Apply(const index::CommitIntent& intent, std::span<const Hash128> moved,
               std::span<const int64_t> moved_without);

  /// Forgets the numbers of files that are gone, where those are many. Entries of such files mean nothing.
  Status ForgetGoneFiles();

  /// The name of a file that goes with the index (KeyIndex::moved).
  uint64_t moved() const { return index_ == nullptr ? 0 : index_->moved(); }
  void SetMoved(uint64_t name) { index_->SetMoved(name); }

  /// Writes everything out, so that it survives a power loss. Nothing while it is closed.
  Status Sync();

 private:
  Result<std::string> Open();
  Result<std::string> Complete(const Alive& alive);
  Status ReplayJournal(const Alive& alive);
  Status CatchUp(const Alive& alive);
  Status ScanFile(const std::string& path, uint32_t number, const Alive& alive);

  std::filesystem::path folder_;
  LocatedTable& table_;
  const Clock& clock_;
  log::Logger log_;
  std::unique_ptr<index::KeyIndex> index_;  // null: closed
  std::optional<index::FileNumbers> numbers_;
};

}  // namespace cdc::lake_sink
