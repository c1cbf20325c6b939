#include "lib/config/settings.h"

#include <fmt/format.h>

#include "lib/config/setting_internal.h"
#include "lib/core/hash128.h"

namespace cdc::config {
namespace {

template <typename Section>
std::vector<SettingInfo> InfosOf(const std::vector<Setting<Section>>& settings) {
  const Section fresh{};
  std::vector<SettingInfo> infos;
  for (const Setting<Section>& setting : settings) {
    infos.push_back(setting.info);
    if (!setting.info.required) infos.back().default_text = setting.text(fresh);
  }
  return infos;
}

/// What workers use of a section, as text in which no two different sections are alike.
template <typename Section>
std::string WorkersText(const std::vector<Setting<Section>>& settings, const Section& section) {
  std::string all;
  for (const Setting<Section>& setting : settings) {
    if (!setting.info.for_workers) continue;
    const std::string text = setting.text(section);
    all += fmt::format("{}={}:{}\n", setting.info.name, text.size(), text);
  }
  return all;
}

template <typename Section>
void AddNeedRestart(const std::string& name, const std::vector<Setting<Section>>& settings,
                    const Section& before, const Section& after, std::vector<std::string>* changed) {
  for (const Setting<Section>& setting : settings) {
    if (setting.info.applies != Applies::kOrchestrator) continue;
    if (setting.text(before) != setting.text(after))
      changed->push_back(fmt::format("[{}] {}", name, setting.info.name));
  }
}

}  // namespace

std::string KindsText(const std::vector<TableKind>& kinds) {
  std::string text;
  for (const TableKind kind : kinds) {
    if (!text.empty()) text += " and ";
    text += kind == TableKind::kIceberg ? "Iceberg" : kind == TableKind::kDelta ? "Delta" : "PostgreSQL";
  }
  return text;
}

std::vector<SectionInfo> DescribeSettings() {
  return {
      {"kafka", "Where the events are.", InfosOf(KafkaSettings())},
      {"source", "The database, and how the connector writes its changes.", InfosOf(SourceSettings())},
      {"catalog", "Where the Iceberg tables are listed. Needed where a table is written to Iceberg.",
       InfosOf(CatalogSettings())},
      {"storage", "The object store of `s3://` paths.", InfosOf(StorageSettings())},
      {"sinks.<name>", "Another store that tables can be written to.", InfosOf(SinkSettings())},
      {"orchestrator", "How many workers, how often, and where their state is.",
       InfosOf(OrchestratorSettings())},
      {"defaults", "What every table inherits: anything a table may say, and this.",
       InfosOf(DefaultsSettings())},
      {"counts.<name>", "A table of counts, one row for each window of event time and group: (window_start, the groups, n).",
       InfosOf(CountsSettings())},
      {"tables.<name>", "One table, named as at the source.", InfosOf(TableSettings())},
  };
}

std::string Fingerprint(const Config& config, const Table& table) {
  std::string text = "name=" + table.name + "\ntopics=" + ListText(table.topics) + "\n";
  text += WorkersText(TableSettings(), table);
  if (table.counts) {
    const CountsEntry counts{table.from, table.sink, table.target, table.counts->window, table.counts->by};
    text += "counts\n" + WorkersText(CountsSettings(), counts);
  }
  text += "kafka\n" + WorkersText(KafkaSettings(), config.kafka);
  text += "source\n" + WorkersText(SourceSettings(), config.source);
  text += "orchestrator\n" + WorkersText(OrchestratorSettings(), config.orchestrator);
  if (table.in_iceberg()) {
    text += "catalog\n" + WorkersText(CatalogSettings(), config.catalog);
    text += "storage\n" + WorkersText(StorageSettings(), config.storage);
  } else if (const auto sink = config.sinks.find(table.sink); sink != config.sinks.end()) {
    text += "sink\n" + WorkersText(SinkSettings(), sink->second);
    if (sink->second.path.starts_with("s3")) text += "storage\n" + WorkersText(StorageSettings(), config.storage);
  }
  const Hash128 hash = HashBytes(text);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

std::vector<std::string> NeedRestart(const Config& before, const Config& after) {
  std::vector<std::string> changed;
  AddNeedRestart("kafka", KafkaSettings(), before.kafka, after.kafka, &changed);
  AddNeedRestart("source", SourceSettings(), before.source, after.source, &changed);
  AddNeedRestart("orchestrator", OrchestratorSettings(), before.orchestrator, after.orchestrator, &changed);
  return changed;
}

}  // namespace cdc::config
