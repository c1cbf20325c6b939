#pragma once

/// \file lib/config/table_list_reader_internal.h
/// [defaults] and [tables]: the list of tables, and which topic is whose.

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"

namespace cdc::config {

/// `config` holds [source] and [sinks] already.
void ReadDefaults(NodeReader r, Config* config);

/// `config` holds [source], [sinks] and [defaults] already.
/// \param tables the table `tables`
/// \param counts the table `counts`; null: absent
void ReadTables(const toml::table& tables, const toml::table* counts, const Document& document, Config* config);

}  // namespace cdc::config
