#pragma once

/// \file lib/config/lake_reader_internal.h
/// [catalog] and [storage]: where the tables live.

#include <filesystem>

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"

namespace cdc::config {

/// \param base folder that relative paths are relative to
void ReadCatalog(NodeReader r, const std::filesystem::path& base, Catalog* catalog);
void ReadStorage(NodeReader r, const std::filesystem::path& base, Storage* storage);

}  // namespace cdc::config
