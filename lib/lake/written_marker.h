#pragma once

/// \file lib/lake/written_marker.h
/// How far a table's source was read, as the table itself says it: in the newest snapshot of ours that its
/// present rows come from, or, when somebody expired all of those, in its properties. Another engine may
/// replace a table, roll it back, or copy its properties to a new one: what they say is of other rows then.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"
#include "lib/storage/file_system.h"

namespace cdc::lake {

struct WrittenMarker {
  std::map<std::string, std::string> summary;  ///< `cdc.…` of the snapshot, or what is mirrored of it
  std::vector<iceberg::SnapshotPtr> later;     ///< of others, on top of it, as far as known; newest first
};

/// \param holds_our_files whether live data files are of our own making: the last thing to tell by when
/// neither the snapshots nor older metadata files show where the present rows come from; empty: they are not
/// \return nothing: the table was never written by us, as far as can be seen. kUnsupported: it was, but its
/// present rows do not come from what its marker was written with. kTransient: the store does not answer.
Result<std::optional<WrittenMarker>> FindMarker(const iceberg::TableMetadata& metadata,
                                                storage::FileSystem& files,
                                                const std::function<bool()>& holds_our_files);

/// The properties that mirror `snapshot` for the table of `uuid`.
std::map<std::string, std::string> MirrorOf(const iceberg::Snapshot& snapshot, const std::string& uuid);

/// Whether the properties mirror `snapshot` already, with all that MirrorOf() says.
bool IsMirrored(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& snapshot);

}  // namespace cdc::lake
