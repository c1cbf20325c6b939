#pragma once

/// \file lib/iceberg/deletable.h
/// Which files of a table may be deleted at all. Whatever deletes files of tables asks here: expiry, the
/// sweep of leftovers, purging, old metadata, attempts that were not committed. Only what a process has just
/// made itself, under a name of its own, and handed to nobody it may take back without asking.

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg {

/// Table property gc.enabled is not "false". A catalog that keeps a history of its own (Nessie) lists the
/// newest snapshot alone and sets it: files that look unreachable are not, for its branches and tags. A copy
/// that borrows another table's files (Spark's `snapshot`) sets it, too.
bool MayCollect(const TableMetadata& metadata);

/// The table's folder ends in a suffix of its own (NewTableLocation). One that a server chose by the table's
/// name may hold the files of an older table of that name, which was renamed.
bool HasOwnFolder(const TableMetadata& metadata);

/// Whether `path` is a file below the table's location, by its name alone: no "." or ".." on the way, and
/// not what merely begins alike ("/t-1" and "/t-10"). Spellings of one local folder are one (file:///a//b);
/// in an object store each character counts. Files elsewhere, by write.data.path or another engine, are left
/// alone.
bool IsBelow(const std::string& location, const std::string& path);
inline bool IsOwnFile(const TableMetadata& metadata, const std::string& path) {
  return IsBelow(metadata.location, path);
}

/// Takes out of `paths` what IsOwnFile() does not know. \return how many those were
size_t KeepOwnFiles(const TableMetadata& metadata, std::vector<std::string>* paths);

/// <uuid>-data.parquet, <uuid>-deletes.parquet. Another engine's job may have run for hours when it commits
/// its data files; they have other names.
bool IsOurDataFile(const std::string& path);

/// Whether the table's folder has nothing of another table in it, and is in no other table's: asks the
/// catalog for tables whose metadata lies there (where it cannot say, the folder must be called after the
/// table), and looks for metadata files that are not this table's.
///
/// \param listed all files below the location
/// \return kUnsupported: it is shared; the message says with what. kTransient; kCorrupt.
Status CheckUnshared(Catalog& catalog, storage::FileSystem& files, const LoadedTable& table,
                     const std::vector<storage::FileInfo>& listed);

/// Everything that deletes a table's files at a stroke, by its references or by a listing: MayCollect() and
/// CheckUnshared(). \return kUnsupported: with the reason.
Status CheckDeletable(Catalog& catalog, storage::FileSystem& files, const LoadedTable& table,
                      const std::vector<storage::FileInfo>& listed);

struct TableFiles {
  std::vector<std::string> own;    ///< may be deleted, in this order: the present metadata file comes last
  std::vector<std::string> other;  ///< referenced, but not below the table's location
};

/// What the metadata of `table` references: of all its snapshots data files, delete files, manifests and
/// their lists; statistics; metadata files. Files that are gone already are passed over.
/// \return kCorrupt, kTransient: something cannot be read that is there.
Result<TableFiles> FindAllFiles(storage::FileSystem& files, const LoadedTable& table);

/// One spelling for one file: foreign engines write "file:///a" or "/a//b" for what is "/a/b" here. For
/// comparing only, and where too much that is alike does no harm.
std::string Spelling(const std::string& path);

}  // namespace cdc::iceberg
