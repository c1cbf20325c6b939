#pragma once

/// \file lib/config/table_names.h
/// From a table's entry in tables.toml to its names at the source and in its sink.

#include <string>
#include <string_view>

#include "lib/config/config.h"

namespace cdc::config {

/// The entry without its schema: "hr.employee" → "employee" when hr is one of `[source] schemas`.
std::string BareName(const Config& config, const std::string& entry);

/// The source table of an entry, without its schema: that of `from` where it says it, else of its own name.
std::string SourceTableName(const Config& config, const Table& table);

/// `target` of the entry where it says it, and the bare name of an entry with `from`. Else the source table's
/// own name; the whole entry where another listed table has the same, and of a table that is
/// discovered in one of several schemas.
/// \param own the name at the source, which a topic's characters may not show; else BareName(config, entry)
std::string IcebergName(const Config& config, const std::string& entry, const std::string& own);

/// Name of its table in a sink other than Iceberg: `target`, else the bare name of the entry.
std::string TargetName(const Config& config, const Table& table);

/// The line of tables.toml that begins the entry of the table which a topic carries: `[tables.students]`,
/// `[tables."hr.employee"]` where `[source] schemas` lists several. Empty: the topic is not under the prefix.
std::string EntryLine(const Config& config, std::string_view topic);

/// The folder of a table in a Delta sink: that of the sink, and the target's name in it, changed where a folder of a Delta
/// table cannot have it.
std::string DeltaFolder(const Config& config, const Table& table);

}  // namespace cdc::config
