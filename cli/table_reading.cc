#include "cli/table_reading.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/table_target.h"
#include "lib/config/table_names.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"
#include "lib/iceberg/live_files.h"
#include "lib/lake/written_marker.h"

namespace cdc::cli {
namespace {

std::vector<SourcePlace> PlacesOf(const config::Config& config, const config::Table& table,
                                  const std::string& noted) {
  const std::string bare = config::SourceTableName(config, table);
  std::vector<SourcePlace> places;
  for (const std::string& topic : table.topics) {
    const auto parsed = contract::ParseTopic(config.source.topic_prefix, config.source.schemas, topic);
    if (!parsed) continue;
    // The entry is written as at the source, the topic is not, unless it is another table's topic.
    const bool same = contract::SanitiseForTopic(bare) == parsed->table;
    places.push_back({parsed->schema, !noted.empty() ? noted : same ? bare : parsed->table});
  }
  if (!places.empty()) return places;
  for (const std::string& schema : config.source.schemas) places.push_back({schema, bare});
  return places;
}

/// Foreign leftovers aside, that delete positions of files that are no longer there.
int64_t DeletedRows(const iceberg::LiveFiles& live) {
  int64_t rows = 0;
  for (const auto& [path, entry] : live.deletes()) {
    const auto data = iceberg::ReferencedDataFile(entry->file);
    if (!data || live.FindData(*data)) rows += entry->file.record_count;
  }
  return rows;
}

}  // namespace

Millis PatiencePerCall(Millis timeout) {
  constexpr Millis kLeast(5'000);
  return std::clamp(timeout / 2, kLeast, lake::kWorkersPatience);
}

Result<TableReading> TableReading::Open(std::shared_ptr<const config::Config> config,
                                        const std::string& table, Millis patience) {
  TableReading reading;
  CDC_ASSIGN(reading.table_, config->FindTable(table));
  CDC_TRY(NeedsIceberg(reading.table_));
  const std::string noted =
      contract::NotedName(contract::StateLayout(config->orchestrator.state_dir).table_index(table));
  reading.places_ = PlacesOf(*config, reading.table_, noted);
  reading.ident_ = {
      config->catalog.name_space,
      config::IcebergName(*config, table, noted.empty() ? config::BareName(*config, table) : noted)};
  CDC_ASSIGN(reading.lake_, lake::Open(*config, reading.ident_, patience));
  return reading;
}

Result<std::optional<TargetRows>> TableReading::Count() {
  auto loaded = lake_->catalog().LoadTable(ident_);
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return std::optional<TargetRows>();
  if (!loaded) return loaded.error();
  CDC_ASSIGN(const auto live, iceberg::LiveFiles::Load(lake_->files(), *loaded->metadata));
  if (live.has_equality_deletes()) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("Counting the rows of {}: it has equality deletes of another engine", table_.name),
        "have that engine rewrite the table's data files"};
  }
  TargetRows target;
  target.rows = live.totals().records - DeletedRows(live);
  if (auto offsets = TableTarget::WrittenOffsets(*loaded, lake_->files()))
    target.offsets = std::move(*offsets);
  return std::optional(std::move(target));
}

Result<contract::RecordRanges> TableReading::Replayed() {
  const auto loaded = lake_->catalog().LoadTable(ident_);
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return contract::RecordRanges();
  if (!loaded) return loaded.error();
  CDC_ASSIGN(const auto marker, lake::FindMarker(*loaded->metadata, lake_->files(), {}));
  if (!marker) return contract::RecordRanges();
  const auto text = marker->summary.find(std::string(contract::kSummaryReplayed));
  return text == marker->summary.end() ? contract::RecordRanges()
                                       : contract::RecordRanges::Decode(text->second);
}

Result<std::optional<int64_t>> TableReading::Lag(kafka::Consumer& consumer,
                                                 const contract::TopicOffsets& offsets,
                                                 Millis patience) const {
  for (const std::string& topic : table_.topics) {
    auto info = consumer.DescribeTopic(topic, patience);
    if (!info && info.error().kind == ErrorKind::kNotFound) continue;
    if (!info) return info.error();
    std::vector<kafka::TopicPartition> partitions;
    for (int32_t p = 0; p < info->partitions; ++p) partitions.push_back({topic, p});
    CDC_ASSIGN(const auto marks, consumer.Watermarks(partitions, patience));
    if (marks.size() != partitions.size()) return std::optional<int64_t>();
    const auto written = offsets.find(topic);
    int64_t lag = 0;
    for (const auto& mark : marks) {
      int64_t next = mark.low;
      if (written != offsets.end() && written->second.contains(mark.partition))
        next = std::max(next, written->second.at(mark.partition));
      lag += std::max<int64_t>(0, mark.end - next);
    }
    return std::optional(lag);
  }
  return std::optional<int64_t>();
}

}  // namespace cdc::cli
