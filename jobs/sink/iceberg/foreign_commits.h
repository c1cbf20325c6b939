#pragma once

/// \file jobs/sink/iceberg/foreign_commits.h
/// Judges what other writers committed to a table that the sink writes. Pure functions of metadata.

#include <cstdint>
#include <optional>
#include <string>

#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"

namespace cdc::iceberg_sink {

/// Whether `now` shows that a commit on top of `base` can never have been taken: the table is another one, or
/// another child of the newest snapshot of `base` is there. Only then is a conflict one. A catalog that
/// repeats a request by itself answers "conflict" after its own first attempt succeeded, and a catalog behind
/// a cache may show an older table.
bool MovedOn(const iceberg::TableMetadata& base, const iceberg::TableMetadata& now);

/// \param table its entry in tables.toml, for the hint
/// \return kUnsupported: the snapshot adds rows. Of two rows of one key nobody can say which is right.
Status RefuseAddedRows(const iceberg::Snapshot& foreign, const std::string& table);

/// Whether the sink can continue on `now` though other writers committed on top of snapshot `parent`.
///
/// \param parent the newest snapshot that the sink knows; nothing: the table had none
/// \param table as of RefuseAddedRows()
/// \return kConflict: the table was replaced, its offsets moved, or the new snapshots are not listed; stop,
/// it is theirs. kUnsupported: as RefuseAddedRows().
Status CheckForeignCommits(const iceberg::TableMetadata& base, std::optional<int64_t> parent,
                           const iceberg::TableMetadata& now, const std::string& table);

}  // namespace cdc::iceberg_sink
