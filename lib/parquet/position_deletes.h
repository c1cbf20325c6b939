#pragma once

/// \file lib/parquet/position_deletes.h
/// Position delete files of format v2 (Iceberg specification, "Position Delete Files").

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

/// What a delete file says of one data file.
struct FileDeletes {
  std::string_view data_file_path;     ///< exactly as its manifest has it
  std::span<const int64_t> positions;  ///< ascending, without duplicates, at least one
};

/// Writes one delete file that speaks of all of `files`: at least one, in ascending order of their paths'
/// bytes. \param path what DataFile::file_path will say \return the manifest entry, with untruncated bounds
/// on file_path, and with referenced_data_file if there is only one. kInvalidArgument: nothing to write, or
/// not in order; kTransient: as the storage writer's.
Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               std::span<const FileDeletes> files);

/// The same for one data file.
Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               const std::string& data_file_path,
                                               std::span<const int64_t> sorted_positions);

/// Reads a delete file of ours or of another engine: data file path → positions, ascending, without
/// duplicates. Columns are found by the specification's field ids, by name where a file has none. \return
/// kCorrupt: no Parquet file, or the columns are absent or hold nulls.
Result<std::map<std::string, std::vector<int64_t>>> ReadPositionDeletes(
    std::unique_ptr<storage::Reader> file);

}  // namespace cdc::parquet
