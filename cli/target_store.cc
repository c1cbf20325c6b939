#include "cli/target_store.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/delta_target.h"
#include "cli/iceberg_target.h"
#include "cli/postgres_target.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

Result<std::optional<TargetFacts>> TargetStore::Facts(Millis) {
  return Error{ErrorKind::kUnsupported,
               fmt::format("Describing {}: this cannot be done for this kind of store yet", name())};
}

Result<std::unique_ptr<TargetStore>> OpenStore(std::shared_ptr<const config::Config> config,
                                               const config::Table& table, std::optional<Millis> patience) {
  const Millis given = patience.value_or(lake::kWorkersPatience);
  if (config->IsIn(table, config::SinkType::kDelta)) {
    CDC_ASSIGN(auto delta, DeltaTarget::Open(*config, table, given));
    return std::unique_ptr<TargetStore>(std::move(delta));
  }
  if (!table.in_iceberg()) return std::unique_ptr<TargetStore>(new PostgresTarget(*config, table));
  CDC_ASSIGN(auto opened,
             IcebergTarget::Open(std::move(config), table, given));
  return std::unique_ptr<TargetStore>(std::move(opened));
}

std::string SourceJson(const SourceTopic& topic) {
  return nlohmann::json{{"cluster", topic.cluster}, {"topic", topic.name}}.dump();
}

std::string PipelineName(const config::Config& config, const config::Table& table) {
  return config.kafka.group_id + "." + table.name;
}

Result<std::string> KeepBelow(const std::string& encoded, const contract::PartitionOffsets& next) {
  CDC_ASSIGN(contract::RecordRanges ranges, contract::RecordRanges::Decode(encoded));
  ranges.KeepBelow(next);
  return ranges.empty() ? std::string() : ranges.Encode();
}

}  // namespace cdc::cli
