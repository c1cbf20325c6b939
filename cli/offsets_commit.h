#pragma once

/// \file cli/offsets_commit.h
/// A commit that changes no row and says how far a table's topic has been read.

#include <map>
#include <string>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/storage/file_system.h"

namespace cdc::cli {

/// Commits `summary` as a snapshot of its own on top of the table's present one. A catalog's "conflict" may
/// be its answer to its own repetition of a commit that was taken: the table is looked at before it is
/// believed, and files that may have become the table's are never deleted.
///
/// \return kTransient: not there as far as can be seen; to be run again, which does the same once more.
///         kNotFound; what the catalog and the store return.
Status CommitSummary(iceberg::Catalog& catalog, storage::FileSystem& files, const iceberg::TableIdent& ident,
                     const std::map<std::string, std::string>& summary);

}  // namespace cdc::cli
