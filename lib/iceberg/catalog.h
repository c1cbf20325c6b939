#pragma once

/// \file lib/iceberg/catalog.h
/// Port to what knows where each table's metadata is and swaps it atomically.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/table_update.h"
#include "lib/rows/type.h"

namespace cdc::iceberg {

struct TableIdent {
  std::string name_space;  ///< levels joined by "."
  std::string name;
};

/// "namespace.name"
std::string ToString(const TableIdent& ident);

/// A table as it was at one moment. Cheap to copy.
struct LoadedTable {
  TableIdent ident;
  std::string metadata_location;
  std::shared_ptr<const TableMetadata> metadata;
};

/// One thread at a time.
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Idempotent.
  virtual Status EnsureNamespace(const std::string& name_space) = 0;

  /// \return kNotFound: no such table; kUnsupported: a format version or schema that we cannot handle.
  virtual Result<LoadedTable> LoadTable(const TableIdent& ident) = 0;

  /// Makes an unpartitioned table of format version 2 in an existing namespace.
  ///
  /// \param schema its fields keep their ids when all have one, else 1.. are assigned in order
  /// \param location its folder; empty: the catalog chooses one below the warehouse
  /// \param properties on top of the defaults of a table with frequent commits (DefaultTableProperties)
  /// \return kConflict: the table exists; kNotFound: no such namespace; kCommitUnknown: load it and see.
  virtual Result<LoadedTable> CreateTable(const TableIdent& ident, const rows::Schema& schema,
                                          const std::string& location,
                                          const std::map<std::string, std::string>& properties) = 0;

  /// Three answers: done; not done; unknown. `base` saves a load when it is still current; when it is not,
  /// the commit is tried on what is current, and goes through if the requirements hold.
  ///
  /// A data commit is exactly {AssertTableUuid, AssertRefSnapshotId(main)} and {AddSnapshot,
  /// SetSnapshotRef(main)}, and SetProperties with it where there are such, so that an unknown outcome is
  /// resolved by LoadTable() and TableMetadata::HistoryContains(). \return kConflict: certainly not
  /// committed, somebody else was first; kTransient: certainly not committed, try again; kCommitUnknown: may
  /// have been committed, delete nothing; kNotFound: the table is gone.
  virtual Result<LoadedTable> CommitTable(const LoadedTable& base, const TableCommit& commit) = 0;

  /// Forgets the table; its files stay. \return kNotFound; kCommitUnknown.
  virtual Status DropTable(const TableIdent& ident) = 0;

  /// Tables other than `ident` whose metadata file lies below `folder`: registered at another's metadata, or
  /// made in its folder. \return kUnsupported: this catalog cannot say.
  virtual Result<std::vector<TableIdent>> OthersBelow(const TableIdent& ident, const std::string& folder);
};

/// What CreateTable() answers where a view has the table's name, which is one for both.
Error NameOfView(const TableIdent& ident);

/// write.metadata.delete-after-commit.enabled, previous versions kept, zstd: what tables with a commit a
/// second need.
std::map<std::string, std::string> DefaultTableProperties();

/// <warehouse>/<namespace>/<folder>: what is not [a-z0-9_-] of the name becomes "_", and a short unique
/// suffix keeps tables apart whose names are alike then, or that were dropped and made again.
std::string NewTableLocation(const std::string& warehouse, const TableIdent& ident);

/// Sets and removes table properties in a commit of their own.
TableCommit PropertiesCommit(const TableMetadata& metadata, const std::map<std::string, std::string>& updates,
                             const std::vector<std::string>& removals = {});

}  // namespace cdc::iceberg
