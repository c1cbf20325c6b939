#pragma once

/// \file lib/event/connect_schema.h
/// Kafka Connect's schema, as the JSON converter embeds it, to source columns.

#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/event/source_column.h"

namespace cdc::event {

/// Columns of a row struct.
///
/// \param schema the "schema" member of a message value: an envelope with "before" and "after", or a plain
/// struct \return kBadValue: not a Connect schema. Columns that no Iceberg type holds exactly come with
/// `problem` and `hint`.
Result<std::vector<SourceColumn>> ColumnsOfValueSchema(std::string_view schema);

/// Names of the key's columns, in order. \param schema the "schema" member of a message key.
Result<std::vector<std::string>> NamesOfKeySchema(std::string_view schema);

}  // namespace cdc::event
