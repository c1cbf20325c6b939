#include "jobs/sink/iceberg/source_marker.h"

#include <fmt/format.h>

#include "jobs/sink/iceberg/foreign_commits.h"
#include "lib/contract/names.h"
#include "lib/lake/written_marker.h"

namespace cdc::iceberg_sink {
namespace {

using contract::kSummaryOffsets;

}  // namespace

std::string WaysOut(const std::string& table) {
  return fmt::format(
      "`cdc reset {0} --yes` rebuilds the table from the topic's start, `cdc adopt {0} --yes` takes it as it "
      "is from the topic's present end, `cdc rewind {0}` goes on from given offsets",
      table);
}

Summary NewestSummary(const iceberg::TableMetadata& metadata) {
  Summary summary;
  const auto marked = metadata.NewestAncestorWith(std::string(kSummaryOffsets));
  if (marked == nullptr) return summary;
  for (const auto& [key, value] : marked->summary) {
    if (key.starts_with("cdc.")) summary[key] = value;
  }
  return summary;
}

Summary MirrorOf(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& snapshot) {
  Summary properties = lake::MirrorOf(snapshot, metadata.table_uuid);
  std::erase_if(properties, [&metadata](const auto& property) {
    return metadata.Property(property.first, "") == property.second;
  });
  return properties;
}

Result<std::optional<Marker>> ReadMarker(const iceberg::TableMetadata& metadata, storage::FileSystem& files,
                                         const std::string& entry, const MarkerSource& source, bool has_data,
                                         const std::function<bool()>& holds_our_files) {
  auto found = lake::FindMarker(metadata, files, holds_our_files);
  if (!found) {
    Error error = found.error();
    if (error.kind == ErrorKind::kUnsupported) error.hint = WaysOut(entry);
    return error;
  }
  if (!*found) {
    if (!has_data) return std::optional<Marker>();
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} has data but nothing says how far its topic was read", source.name),
                 WaysOut(entry)};
  }
  CDC_ASSIGN(Marker marker, MarkerFrom((*found)->summary, source));
  // Others may have committed on top of it while no worker ran.
  for (const iceberg::SnapshotPtr& snapshot : (*found)->later) CDC_TRY(RefuseAddedRows(*snapshot, entry));
  return std::optional(std::move(marker));
}

}  // namespace cdc::iceberg_sink
