#include "jobs/sink/lake/marker_text.h"

#include <fmt/format.h>

#include <cstdlib>

#include "lib/contract/names.h"
#include "lib/contract/offsets.h"

namespace cdc::lake_sink {
namespace {

using contract::kSummaryKeyChanges;
using contract::kSummaryLastRecords;
using contract::kSummaryOffsets;
using contract::kSummaryPipeline;
using contract::kSummarySource;
using worker::Marker;

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

}  // namespace

Result<Marker> MarkerFrom(const Summary& summary, const MarkerSource& source) {
  const std::string written = TextOf(summary, kSummarySource);
  if (!written.empty() && written != source.source_json) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from another Kafka topic: {}, now {}", source.name, written,
                             source.source_json),
                 source.hint};
  }
  CDC_ASSIGN(contract::TopicOffsets offsets, contract::DecodeTopicOffsets(TextOf(summary, kSummaryOffsets)));
  if (!offsets.contains(source.topic) && !offsets.empty()) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from topic {}, not {}", source.name, offsets.begin()->first,
                             source.topic),
                 source.hint};
  }
  contract::TopicLastRecords last_records;
  if (const std::string records = TextOf(summary, kSummaryLastRecords); !records.empty()) {
    CDC_ASSIGN(last_records, contract::DecodeLastRecords(records));
  }
  Marker marker{std::move(offsets), std::move(last_records)};
  CDC_TRY(ReadDetails(summary, &marker));
  return marker;
}

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

}  // namespace cdc::lake_sink
