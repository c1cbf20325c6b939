#include "jobs/sink/iceberg/source_marker.h"

#include <fmt/format.h>

#include <cstdlib>

#include "jobs/sink/iceberg/foreign_commits.h"
#include "lib/contract/names.h"
#include "lib/contract/offsets.h"
#include "lib/lake/written_marker.h"

namespace cdc::iceberg_sink {
namespace {

using contract::kSummaryKeyChanges;
using contract::kSummaryLastRecords;
using contract::kSummaryOffsets;
using contract::kSummaryPipeline;
using contract::kSummarySource;
using Summary = std::map<std::string, std::string>;

std::string WaysOut(const std::string& table) {
  return fmt::format(
      "`cdc reset {0} --yes` rebuilds the table from the topic's start, `cdc adopt {0} --yes` takes it as it "
      "is from the topic's present end, `cdc rewind {0}` goes on from given offsets",
      table);
}

std::string TextOf(const Summary& summary, std::string_view name) {
  const auto found = summary.find(std::string(name));
  return found == summary.end() ? std::string() : found->second;
}

/// Reads what the marker says besides offsets and last records.
Status ReadDetails(const Summary& summary, Marker* marker) {
  for (const auto& [name, ranges] : {std::pair{contract::kSummaryReplayed, &marker->replayed},
                                     std::pair{contract::kSummaryPassedOver, &marker->passed_over}}) {
    if (const std::string json = TextOf(summary, name); !json.empty()) {
      CDC_ASSIGN(*ranges, contract::RecordRanges::Decode(json));
    }
  }
  if (const std::string json = TextOf(summary, kSummaryKeyChanges); !json.empty()) {
    CDC_ASSIGN(marker->key_changes, contract::DecodeKeyChanges(json));
  }
  if (const std::string times = TextOf(summary, contract::kSummaryEventTimes); !times.empty()) {
    CDC_ASSIGN(marker->event_times, contract::DecodeEventTimes(times));
  }
  if (const std::string through = TextOf(summary, contract::kSummaryValidThrough); !through.empty())
    marker->valid_through_ms = std::strtoll(through.c_str(), nullptr, 10);
  marker->source_lsn = std::strtoll(TextOf(summary, contract::kSummaryLsn).c_str(), nullptr, 10);
  return {};
}

/// \return kUnsupported: of another source. Offsets of one Kafka cluster mean nothing on another.
Result<Marker> MarkerFrom(const Summary& summary, const MarkerSource& source) {
  const std::string written = TextOf(summary, kSummarySource);
  if (!written.empty() && written != source.source_json) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from another Kafka topic: {}, now {}", source.name, written,
                             source.source_json),
                 WaysOut(source.table)};
  }
  CDC_ASSIGN(contract::TopicOffsets offsets, contract::DecodeTopicOffsets(TextOf(summary, kSummaryOffsets)));
  if (!offsets.contains(source.topic) && !offsets.empty()) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from topic {}, not {}", source.name, offsets.begin()->first,
                             source.topic),
                 WaysOut(source.table)};
  }
  contract::TopicLastRecords last_records;
  if (const std::string records = TextOf(summary, kSummaryLastRecords); !records.empty()) {
    CDC_ASSIGN(last_records, contract::DecodeLastRecords(records));
  }
  Marker marker{std::move(offsets), std::move(last_records)};
  CDC_TRY(ReadDetails(summary, &marker));
  return marker;
}

}  // namespace

Summary SummaryOf(const Marker& marker, const std::string& source_json, const std::string& pipeline) {
  Summary summary = {
      {std::string(kSummaryOffsets), contract::EncodeOffsets(marker.offsets)},
      {std::string(kSummarySource), source_json},
      {std::string(kSummaryPipeline), pipeline},
  };
  if (!marker.last_records.empty())
    summary[std::string(kSummaryLastRecords)] = contract::EncodeLastRecords(marker.last_records);
  if (!marker.key_changes.empty())
    summary[std::string(kSummaryKeyChanges)] = contract::EncodeKeyChanges(marker.key_changes);
  if (!marker.replayed.empty()) summary[std::string(contract::kSummaryReplayed)] = marker.replayed.Encode();
  if (!marker.passed_over.empty())
    summary[std::string(contract::kSummaryPassedOver)] = marker.passed_over.Encode();
  if (!marker.event_times.empty())
    summary[std::string(contract::kSummaryEventTimes)] = contract::EncodeEventTimes(marker.event_times);
  if (marker.valid_through_ms)
    summary[std::string(contract::kSummaryValidThrough)] = std::to_string(*marker.valid_through_ms);
  if (marker.source_lsn > 0) summary[std::string(contract::kSummaryLsn)] = std::to_string(marker.source_lsn);
  return summary;
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
                                         const MarkerSource& source, bool has_data,
                                         const std::function<bool()>& holds_our_files) {
  auto found = lake::FindMarker(metadata, files, holds_our_files);
  if (!found) {
    Error error = found.error();
    if (error.kind == ErrorKind::kUnsupported) error.hint = WaysOut(source.table);
    return error;
  }
  if (!*found) {
    if (!has_data) return std::optional<Marker>();
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} has data but nothing says how far its topic was read", source.name),
                 WaysOut(source.table)};
  }
  CDC_ASSIGN(Marker marker, MarkerFrom((*found)->summary, source));
  // Others may have committed on top of it while no worker ran.
  for (const iceberg::SnapshotPtr& snapshot : (*found)->later)
    CDC_TRY(RefuseAddedRows(*snapshot, source.table));
  return std::optional(std::move(marker));
}

}  // namespace cdc::iceberg_sink
