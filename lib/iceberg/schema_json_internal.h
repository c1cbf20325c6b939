#pragma once

/// \file lib/iceberg/schema_json_internal.h
/// Schemas as JSON trees, for the room's own .cc files.

#include <nlohmann/json.hpp>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::iceberg {

nlohmann::ordered_json SchemaToTree(const rows::Schema& schema);

/// \return as ParseSchema.
Result<rows::Schema> SchemaFromTree(const nlohmann::ordered_json& tree);

}  // namespace cdc::iceberg
