#pragma once

/// \file lib/iceberg/sqlite_catalog.h
/// The embedded catalog: one SQLite file that pyiceberg's SqlCatalog and Iceberg Java's JdbcCatalog use as
/// well.

#include <functional>
#include <memory>
#include <string>

#include "lib/core/clock.h"
#include "lib/iceberg/catalog.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg {

struct SqliteCatalogOptions {
  std::string path;       ///< absolute; the file and its folder are made when absent
  std::string name;       ///< catalog_name of its rows
  std::string warehouse;  ///< absolute plain folder for new tables: <warehouse>/<namespace>/<table>-<suffix>
  /// Unix milliseconds; the system's clock when empty.
  std::function<int64_t()> now_ms = {};
  /// How long a call waits for other processes; beyond that it is kTransient.
  Millis busy_timeout{10'000};
};

/// Any number of processes may use one file at once.
///
/// \param files where metadata files live; must outlive the catalog
/// \return kInvalidConfig: the file cannot be opened or made; kCorrupt: it is no catalog; kTransient: it is
/// locked.
Result<std::unique_ptr<Catalog>> MakeSqliteCatalog(const SqliteCatalogOptions& options,
                                                   storage::FileSystem& files);

}  // namespace cdc::iceberg
