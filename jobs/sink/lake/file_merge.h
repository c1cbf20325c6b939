#pragma once

/// \file jobs/sink/lake/file_merge.h
/// Copies the remaining rows of some data files into one new file, a slice at a time while commits go on.
/// What is deleted meanwhile is told at the end.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/lake/row_locator.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/storage/file_system.h"

namespace cdc::lake_sink {

/// One copy. One thread at a time.
class FileMerge {
 public:
  struct Parts {
    LocatedTable& table;
    const RowLocator& locator;
    storage::FileSystem& files;
    std::string entry;  ///< the table's name in tables.toml, for hints
  };

  /// \param sources paths of live data files, in the order of their rows in the new one \param path of the
  /// new file \param writer of that, for all columns \param rows about how many it will have \param parts
  /// must outlive this
  FileMerge(Parts parts, const std::vector<std::string>& sources, std::string path,
            std::unique_ptr<parquet::DataFileWriter> writer, int64_t rows);
  /// Deletes a closed file that no commit has taken over: a source was truncated away, a step failed, the run
  /// ends. After a kill it is the orphan sweep's.
  ~FileMerge();
  FileMerge(const FileMerge&) = delete;
  FileMerge& operator=(const FileMerge&) = delete;

  /// Copies some rows, or closes the new file. \return kTransient, kCorrupt: give it up.
  Status Continue();
  bool closed() const { return file_.has_value(); }  ///< there is nothing more to copy

  /// Positions in the new file of rows that were deleted since they were copied, ascending. \return nothing:
  /// a source is not live any more
  Result<std::optional<std::vector<int64_t>>> DeletedSinceCopied();

  std::vector<std::string> sources() const;
  int64_t rows() const { return writer_->rows(); }
  const std::shared_ptr<const rows::Schema>& schema() const { return schema_; }  ///< of the new file
  const std::string& path() const { return path_; }
  /// The closed file is a commit's from now on.
  const iceberg::DataFile& HandOver() {
    handed_over_ = true;
    return *file_;
  }
  /// Keys of its rows, in their order; empty without an index.
  std::vector<Hash128> TakeKeys();

 private:
  struct Source {
    std::string path;
    PositionSet gone;   ///< rows that were deleted when it was copied
    int64_t first = 0;  ///< position in the new file of its first row that was not
  };

  Status CopySlice();
  Status NoteKeys(const rows::Batch& batch, const std::vector<uint32_t>& rows, const std::string& path,
                  int64_t first);
  Result<Hash128> KeyOfEqualRow(const rows::Batch& batch, uint32_t row, index::Location at);

  Parts parts_;
  std::vector<Source> sources_;
  size_t at_ = 0;  // the source being copied; past the last one: all are copied
  std::unique_ptr<parquet::DataFileReader> reader_;
  std::shared_ptr<const rows::Schema> schema_;
  std::string path_;
  std::unique_ptr<parquet::DataFileWriter> writer_;
  std::optional<iceberg::DataFile> file_;  // once it is closed
  bool handed_over_ = false;
  std::vector<Hash128> keys_;
  std::unordered_map<Hash128, uint32_t> numbers_;  // content → number to look for next; without a key only
};

}  // namespace cdc::lake_sink
