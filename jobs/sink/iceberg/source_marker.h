#pragma once

/// \file jobs/sink/iceberg/source_marker.h
/// How far the source was read (worker::Marker), written into snapshot summaries and read back from them.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "jobs/sink/iceberg/words.h"
#include "lib/core/result.h"
#include "lib/iceberg/metadata.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg_sink {

/// The summary of a commit that moves the offsets.
/// \param source_json identity of the Kafka cluster and topic (`cdc.source`)
std::map<std::string, std::string> SummaryOf(const Marker& marker, const std::string& source_json,
                                             const std::string& pipeline);

/// The summary of a commit that leaves the offsets as they are: that of the newest snapshot of ours, again.
std::map<std::string, std::string> NewestSummary(const iceberg::TableMetadata& metadata);

/// What `snapshot` says of the source, as table properties; properties that say it already are left out.
std::map<std::string, std::string> MirrorOf(const iceberg::TableMetadata& metadata,
                                            const iceberg::Snapshot& snapshot);

/// Which source a marker must be of, to be of use.
struct MarkerSource {
  std::string table;  ///< its entry in tables.toml, for hints
  std::string name;   ///< of the Iceberg table, for messages
  std::string topic;
  std::string source_json;
};

/// The newest marker of the table's present rows.
/// \param has_data whether the table has data files \param holds_our_files as of lake::FindMarker
/// \return nothing: never committed. kUnsupported: data without a marker, a marker of another source, or rows
/// that another writer added on top of it. kTransient.
Result<std::optional<Marker>> ReadMarker(const iceberg::TableMetadata& metadata, storage::FileSystem& files,
                                         const MarkerSource& source, bool has_data,
                                         const std::function<bool()>& holds_our_files);

}  // namespace cdc::iceberg_sink
