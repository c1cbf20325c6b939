#pragma once

/// \file lib/parquet/file_schema_internal.h
/// Columns of a file as Iceberg types (Iceberg specification, "Parquet", data type mappings).

#include <memory>
#include <string>

#include <parquet/schema.h>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::parquet {

/// Where a wanted field is in a file.
struct FileColumn {
  int index = -1;            ///< leaf column in the file; -1: the file does not have it
  rows::Type type;           ///< the leaf's type as the file has it (a list's element type for a list)
  int null_list_level = -1;  ///< lists: definition levels up to this one mean a null list
  int empty_list_level = 0;  ///< lists: this definition level means an empty list
};

enum class MatchBy { kFieldId, kFieldIdThenName, kName };

/// \return kUnsupported: the file's column cannot become `field`.type, or (kFieldId) the file has no ids at
/// all.
Result<FileColumn> FindColumn(const ::parquet::SchemaDescriptor& file, const rows::Field& field,
                              MatchBy match);

}  // namespace cdc::parquet
