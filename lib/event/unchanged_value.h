#pragma once

/// \file lib/event/unchanged_value.h
/// What an update sends in place of a TOASTed value that it did not touch, by the type of the column
/// (Debezium's PostgreSQL connector 3.x; docs/configuration.md, "REPLICA IDENTITY").

#include <string_view>

#include "lib/event/pg_type.h"
#include "lib/event/source_column.h"

namespace cdc::event {

/// By PostgreSQL's name of the type. \param base of the element, where it is an array
Unchanged UnchangedOfType(std::string_view base, bool array, const Handling& handling);

/// By the schema in the event. \param name, type of the field's schema, or of its element where it is an
/// array
Unchanged UnchangedOfSchema(std::string_view name, std::string_view type, bool array);

}  // namespace cdc::event
