#pragma once

/// \file lib/delta/checkpoint.h
/// A table's actions as one Parquet file (PROTOCOL.md, "Checkpoint Schema", V1 spec).

#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/action.h"
#include "lib/storage/file_system.h"

namespace cdc::delta {

/// \return the file's bytes; kTransient: out of memory.
Result<std::string> EncodeCheckpoint(const std::vector<Action>& actions);

/// Reads one of ours or of another writer; columns that are not known are passed over.
/// \return kCorrupt: no such file, or damaged; kUnsupported: a file of a partition, or a V2 checkpoint.
Result<std::vector<Action>> DecodeCheckpoint(std::unique_ptr<storage::Reader> file);

}  // namespace cdc::delta
