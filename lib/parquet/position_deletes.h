#pragma once

/// \file lib/parquet/position_deletes.h
/// Position delete files of format v2 (Iceberg specification, "Position Delete Files").

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

/// Writes one delete file that speaks of one data file.
/// \param path what DataFile::file_path will say; \param data_file_path the data file's path exactly as its
/// manifest has it; \param sorted_positions ascending, without duplicates, at least one \return the manifest
/// entry, with referenced_data_file and untruncated bounds on file_path. kInvalidArgument: positions empty or
/// not ascending; kTransient: as the storage writer's.
Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               const std::string& data_file_path,
                                               std::span<const int64_t> sorted_positions);

/// Reads a delete file of ours or of another engine: data file path → positions, ascending, without
/// duplicates. Columns are found by the specification's field ids, by name where a file has none. \return
/// kCorrupt: no Parquet file, or the columns are absent or hold nulls.
Result<std::map<std::string, std::vector<int64_t>>> ReadPositionDeletes(
    std::unique_ptr<storage::Reader> file);

}  // namespace cdc::parquet
