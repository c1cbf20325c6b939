#pragma once

/// \file jobs/sink/lake/moved_rows.h
/// Where rows were before key changes of which only the first half has come, kept in a small file next to the
/// key index.

#include <filesystem>
#include <optional>
#include <unordered_map>
#include <vector>

#include "jobs/sink/lake/row_locator.h"
#include "lib/core/hash128.h"
#include "lib/log/logger.h"
#include "lib/storage/file_system.h"

namespace cdc::lake_sink {

/// Owns the places and their file. One thread at a time.
class MovedRows {
 public:
  /// \param folder of the index \param locator, files must outlive this
  MovedRows(std::filesystem::path folder, RowLocator& locator, storage::FileSystem& files, log::Logger log)
      : folder_(std::move(folder)), locator_(locator), files_(files), log_(std::move(log)) {}

  /// Reads the file. It counts only where nothing but our own runs has led from the run that wrote it to
  /// here: without a place the second half of a key change that lacks values is a dead letter; with a wrong
  /// place it would get wrong values.
  void Load();

  /// The rows of these keys are about to be removed: remembers where they are. \return kTransient.
  Status Keep(const std::vector<Hash128>& keys);
  /// Forgets all, here and in the file. \return kTransient.
  Status Clear();

  /// Where the row of `key` was; nothing: not known, or the file is gone. The file need not be live: it is
  /// there as long as a snapshot is kept that has it.
  std::optional<RowPlace> Find(const Hash128& key) const;

 private:
  Status Save();

  std::filesystem::path folder_;
  RowLocator& locator_;
  storage::FileSystem& files_;
  log::Logger log_;
  std::unordered_map<Hash128, RowPlace> places_;
};

}  // namespace cdc::lake_sink
