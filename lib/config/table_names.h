#pragma once

/// \file lib/config/table_names.h
/// From a table's entry in tables.toml to the name of its Iceberg table.

#include <string>

#include "lib/config/config.h"

namespace cdc::config {

/// The entry without its schema: "hr.employee" → "employee" when hr is one of `[source] schemas`.
std::string BareName(const Config& config, const std::string& entry);

/// The table's own name; the whole entry where another listed table has the same, and of a table that is
/// discovered in one of several schemas.
/// \param own the name at the source, which a topic's characters may not show; else BareName(config, entry)
std::string IcebergName(const Config& config, const std::string& entry, const std::string& own);

}  // namespace cdc::config
