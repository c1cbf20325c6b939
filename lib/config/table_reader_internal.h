#pragma once

/// \file lib/config/table_reader_internal.h
/// The keys of `[defaults]` and `[tables.x]`.

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"

namespace cdc::config {

/// Reads what `[defaults]` and a table may both say into `table`, which holds what is inherited.
void ReadTableSettings(NodeReader& reader, Table* table);

}  // namespace cdc::config
