#pragma once

/// \file lib/iceberg/data_file.h
/// What a manifest says about one file (Iceberg specification v2, "Manifests", struct data_file 2).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cdc::iceberg {

enum class FileContent { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };

/// A data or delete file of an unpartitioned table. Metrics are keyed by field id; bounds are in single-value
/// serialization (Appendix D).
struct DataFile {
  FileContent content = FileContent::kData;
  std::string file_path;  ///< the string that position deletes must repeat byte for byte
  std::string file_format = "PARQUET";
  int64_t record_count = 0;
  int64_t file_size_in_bytes = 0;
  std::map<int32_t, int64_t> column_sizes;  ///< compressed bytes
  std::map<int32_t, int64_t> value_counts;  ///< including nulls and NaNs
  std::map<int32_t, int64_t> null_value_counts;
  std::map<int32_t, int64_t> nan_value_counts;  ///< float and double columns only
  std::map<int32_t, std::string> lower_bounds;
  std::map<int32_t, std::string> upper_bounds;
  std::vector<int64_t> split_offsets;               ///< row groups' offsets, ascending
  std::vector<int32_t> equality_ids;                ///< foreign equality deletes only
  std::optional<int32_t> sort_order_id;             ///< never set for position deletes
  std::optional<std::string> referenced_data_file;  ///< position deletes: the only file they speak of
};

}  // namespace cdc::iceberg
