#include "cli/table_reading.h"

#include <algorithm>

#include "lib/config/table_names.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"

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

}  // namespace

Millis PatiencePerCall(Millis timeout) {
  constexpr Millis kLeast(5'000);
  return std::clamp(timeout / 2, kLeast, lake::kWorkersPatience);
}

Result<TableReading> TableReading::Open(std::shared_ptr<const config::Config> config,
                                        const std::string& table, Millis patience) {
  TableReading reading;
  CDC_ASSIGN(reading.table_, config->FindTable(table));
  const std::string noted =
      contract::NotedName(contract::StateLayout(config->orchestrator.state_dir).table_index(table));
  reading.places_ = PlacesOf(*config, reading.table_, noted);
  CDC_ASSIGN(reading.store_, OpenStore(std::move(config), reading.table_, patience));
  return reading;
}

int64_t RecordsBetween(const contract::TopicOffsets& offsets, const std::vector<kafka::Watermark>& ends) {
  int64_t records = 0;
  for (const auto& mark : ends) {
    const auto written = offsets.find(mark.topic);
    int64_t next = mark.low;
    if (written != offsets.end() && written->second.contains(mark.partition))
      next = std::max(next, written->second.at(mark.partition));
    records += std::max<int64_t>(0, mark.end - next);
  }
  return records;
}

Result<std::optional<std::vector<kafka::Watermark>>> TableReading::Ends(kafka::Consumer& consumer,
                                                                        Millis patience) const {
  for (const std::string& topic : table_.topics) {
    auto info = consumer.DescribeTopic(topic, patience);
    if (!info && info.error().kind == ErrorKind::kNotFound) continue;
    if (!info) return info.error();
    std::vector<kafka::TopicPartition> partitions;
    for (int32_t p = 0; p < info->partitions; ++p) partitions.push_back({topic, p});
    CDC_ASSIGN(auto marks, consumer.Watermarks(partitions, patience));
    if (marks.size() != partitions.size()) break;
    return std::optional(std::move(marks));
  }
  return std::optional<std::vector<kafka::Watermark>>();
}

Result<std::optional<int64_t>> TableReading::Lag(kafka::Consumer& consumer,
                                                 const contract::TopicOffsets& offsets,
                                                 Millis patience) const {
  CDC_ASSIGN(const auto ends, Ends(consumer, patience));
  return ends ? std::optional(RecordsBetween(offsets, *ends)) : std::optional<int64_t>();
}

}  // namespace cdc::cli
