#pragma once

/// \file lib/iceberg/new_table_internal.h
/// What a catalog that keeps metadata files itself decides about them: names, locations, the first version.

#include <map>
#include <string>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"

namespace cdc::iceberg {

/// \return kInvalidArgument: a schema that cannot be (names or ids used twice, an unknown or optional
/// identifier).
Result<TableMetadata> NewTableMetadata(const rows::Schema& schema, const std::string& location,
                                       const std::map<std::string, std::string>& properties, int64_t now_ms);

/// <location>/metadata/NNNNN-<uuid>.metadata.json, NNNNN one more than in `previous` (empty: 00000).
std::string NewMetadataLocation(const TableMetadata& metadata, const std::string& previous);

/// Adds `before_location` to `after`'s metadata log and cuts it to write.metadata.previous-versions-max.
void AppendMetadataLog(const TableMetadata& before, const std::string& before_location, TableMetadata* after);

/// A table's name as NewTableLocation() writes it.
std::string FolderName(const std::string& name);

}  // namespace cdc::iceberg
