#pragma once

/// \file jobs/sink/iceberg/table_rewriter.h
/// Copies the rows of a snapshot's data files into files of another schema, a slice at a time.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/iceberg/rewrite_progress.h"
#include "jobs/sink/iceberg/words.h"
#include "lib/iceberg/data_file.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/rows/batch.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg_sink {

/// Not thread-safe; once.
class TableRewriter {
 public:
  struct Source {
    std::string path;
    int64_t rows = 0;
  };
  struct Plan {
    std::vector<Source> sources;
    std::shared_ptr<const rows::Schema> from,
        to;  ///< of equal columns but for the ids and types of `columns`
    std::vector<Retyped> columns;
    std::vector<std::string> key;  ///< by which a row is named whose value cannot be cast
    int64_t target_bytes = 0;      ///< of a file
    parquet::WriterOptions options;
    std::filesystem::path folder;  ///< where progress is kept
  };
  struct Ports {
    storage::FileSystem& files;
    std::function<std::string()> new_path;
    /// Rows of a source that are not there any more.
    std::function<Result<PositionSet>(const std::string& path)> deleted;
    /// Asked after each slice. An error ends the copying; what is written is kept for the next time.
    std::function<Status(int64_t rows, int64_t of)> working;
  };

  TableRewriter(Plan plan, RewriteProgress progress, Ports ports);

  /// \return all files. kBadValue: a value has no exact counterpart, the message names it. kTransient,
  /// kCorrupt, or what `working` said.
  Result<std::vector<iceberg::DataFile>> Run();

 private:
  Status CopySource(const std::string& path);
  Status CopySlice(rows::Batch* in, const std::vector<uint32_t>& keep);
  Status CastColumn(const rows::Batch& in, size_t column, const std::vector<uint32_t>& keep,
                    rows::Batch* out);
  Status FinishFile();
  Error Inexact(const rows::Batch& in, size_t column, uint32_t row) const;

  Plan plan_;
  RewriteProgress progress_;
  Ports ports_;
  std::vector<int> retyped_;  // of each column: its number in plan_.columns, or −1
  rows::Batch out_;
  std::unique_ptr<parquet::DataFileWriter> writer_;
  size_t source_ = 0;           // being copied
  int64_t done_ = 0, all_ = 0;  // rows
};

}  // namespace cdc::iceberg_sink
