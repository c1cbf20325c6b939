#pragma once

/// \file lib/lake/lake.h
/// Where one table lives, opened as tables.toml says: its catalog and its files. The one place that knows
/// which kinds of catalogs and stores there are.

#include <memory>
#include <string>

#include "lib/config/config.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/storage/file_system.h"

namespace cdc::lake {

/// Both outlive nothing else; one thread at a time for the catalog, any for the files.
class Lake {
 public:
  virtual ~Lake() = default;
  virtual iceberg::Catalog& catalog() = 0;
  /// Files of the table that the lake was opened for: credentials that a catalog vends are per table.
  virtual storage::FileSystem& files() = 0;
};

/// How long catalog and store are asked again, and waited for, when they do not answer: a worker's.
inline constexpr Millis kWorkersPatience{45'000};

/// \param ident the table whose files will be read or written; it need not exist yet
/// \param patience on one call; what is shorter than a worker's also bounds a single attempt
/// \return kInvalidConfig: what tables.toml names cannot be used; kTransient: it cannot be reached now;
/// kCorrupt: the catalog's file is no catalog.
Result<std::unique_ptr<Lake>> Open(const config::Config& config, const iceberg::TableIdent& ident,
                                   Millis patience = kWorkersPatience);

/// Files in one place, without a catalog.
class Files {
 public:
  virtual ~Files() = default;
  virtual storage::FileSystem& files() = 0;
};

/// \param path local, or s3://, which [storage] opens \return kInvalidConfig.
Result<std::unique_ptr<Files>> OpenFiles(const config::Config& config, const std::string& path,
                                         Millis patience = kWorkersPatience);

}  // namespace cdc::lake
