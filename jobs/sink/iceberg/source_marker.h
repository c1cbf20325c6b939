#pragma once

/// \file jobs/sink/iceberg/source_marker.h
/// How far the source was read (worker::Marker), written into snapshot summaries and read back from them.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "jobs/sink/iceberg/words.h"
#include "jobs/sink/lake/marker_text.h"
#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg_sink {

using lake_sink::MarkerFrom;
using lake_sink::MarkerSource;
using lake_sink::Summary;
using lake_sink::SummaryOf;

/// The summary of a commit that leaves the offsets as they are: that of the newest snapshot of ours, again.
std::map<std::string, std::string> NewestSummary(const iceberg::TableMetadata& metadata);

/// What `snapshot` says of the source, as table properties; properties that say it already are left out.
std::map<std::string, std::string> MirrorOf(const iceberg::TableMetadata& metadata,
                                            const iceberg::Snapshot& snapshot);

/// A hint: the commands that help a table whose marker is of no use. \param table its entry
std::string WaysOut(const std::string& table);

/// The newest marker of the table's present rows.
/// \param entry the table's, for hints
/// \param has_data whether the table has data files \param holds_our_files as of lake::FindMarker
/// \return nothing: never committed. kUnsupported: data without a marker, a marker of another source, or rows
/// that another writer added on top of it. kTransient.
Result<std::optional<Marker>> ReadMarker(const iceberg::TableMetadata& metadata, storage::FileSystem& files,
                                         const std::string& entry, const MarkerSource& source, bool has_data,
                                         const std::function<bool()>& holds_our_files);

}  // namespace cdc::iceberg_sink
