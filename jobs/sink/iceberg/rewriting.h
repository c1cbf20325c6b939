#pragma once

/// \file jobs/sink/iceberg/rewriting.h
/// Private to the Iceberg sink: a rewrite of data files that is under way. It is copied a slice at a time
/// while commits go on; what they delete meanwhile is made up for at its end.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/sink/iceberg/position_set.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::iceberg_sink {

/// What a step of maintenance leaves behind.
enum class IcebergSink::Step {
  kNone,  ///< there was nothing to do
  kDone,  ///< there may be more
  kWait,  ///< the next is too dear for now
};

struct IcebergSink::Rewriting {
  /// A closed file that no commit has taken over goes with the rewrite: a source was truncated away, a step
  /// failed, the run ends. After a kill it is the orphan sweep's.
  ~Rewriting() {
    if (file && !handed_over) (void)files->Delete(path);
  }

  struct Source {
    std::string path;
    PositionSet gone;   ///< rows that were deleted when it was copied
    int64_t first = 0;  ///< position in the new file of its first row that was not
  };

  std::vector<Source> sources;
  size_t at = 0;  ///< the source being copied; all of them: they are
  std::unique_ptr<parquet::DataFileReader> reader;
  std::shared_ptr<const rows::Schema> schema;
  storage::FileSystem* files = nullptr;
  std::string path;  ///< of the new file
  std::unique_ptr<parquet::DataFileWriter> writer;
  std::optional<iceberg::DataFile> file;          ///< once it is closed
  bool handed_over = false;                       ///< to a draft
  std::vector<Hash128> keys;                      ///< of its rows, in their order; empty without an index
  std::unordered_map<Hash128, uint32_t> numbers;  ///< content → number to look for next; without a key only
  SteadyTime begun;
};

}  // namespace cdc::iceberg_sink
