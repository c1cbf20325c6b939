#pragma once

/// \file lib/iceberg/schema_json_internal.h
/// Schemas as JSON trees, for the room's own .cc files.

#include <nlohmann/json.hpp>

#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"
#include "lib/rows/type.h"

namespace cdc::iceberg {

/// \param foreign by position: each goes where it was, or behind all others
nlohmann::ordered_json SchemaToTree(const rows::Schema& schema,
                                    const std::vector<ForeignColumn>& foreign = {});

/// \param foreign gets the optional columns of a type that we do not have; null: such a column is refused
/// \return as ParseSchema.
Result<rows::Schema> SchemaFromTree(const nlohmann::ordered_json& tree,
                                    std::vector<ForeignColumn>* foreign = nullptr);

}  // namespace cdc::iceberg
