#pragma once

/// \file jobs/sink/iceberg/absent_columns.h
/// The table property that keeps which columns the source has no more: one that comes back is another column.

#include <string>
#include <vector>

#include "lib/iceberg/metadata.h"
#include "lib/iceberg/table_update.h"

namespace cdc::iceberg_sink {

std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata);
iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns);

}  // namespace cdc::iceberg_sink
