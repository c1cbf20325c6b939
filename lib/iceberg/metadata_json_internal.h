#pragma once

/// \file lib/iceberg/metadata_json_internal.h
/// Pieces of table metadata as JSON text, for the room's own .cc files.

#include <string>
#include <string_view>

#include "lib/iceberg/metadata.h"

namespace cdc::iceberg {

/// Appends `text` as a JSON string.
void AppendText(std::string_view text, std::string* out);

void AppendSnapshot(const Snapshot& snapshot, std::string* out);

}  // namespace cdc::iceberg
