#include "jobs/sink/delta/table_marker.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cdc::delta_sink {
namespace {

using nlohmann::json;

constexpr const char* kVersion = "version";

std::string AppId(const std::string& pipeline, const std::string& topic, int32_t partition) {
  return fmt::format("cdc:{}:{}:{}", pipeline, topic, partition);
}

/// \return null: there is none, or it cannot be read
json Configuration(const delta::Snapshot& snapshot) {
  const auto found = snapshot.domains().find(kMarkerDomain);
  if (found == snapshot.domains().end()) return {};
  json parsed = json::parse(found->second.configuration, nullptr, false);
  return parsed.is_object() ? parsed : json();
}

}  // namespace

std::vector<delta::Action> MarkerActions(const Marker& marker, int64_t version,
                                         const std::string& source_json, const std::string& pipeline) {
  std::vector<delta::Action> actions;
  for (const auto& [topic, partitions] : marker.offsets) {
    for (const auto& [partition, next] : partitions)
      actions.emplace_back(delta::Transaction{AppId(pipeline, topic, partition), next});
  }
  json configuration = lake_sink::SummaryOf(marker, source_json, pipeline);
  configuration[kVersion] = version;
  actions.emplace_back(delta::DomainMetadata{kMarkerDomain, configuration.dump()});
  return actions;
}

delta::Action SameMarker(const delta::Snapshot& snapshot, int64_t version) {
  json configuration = Configuration(snapshot);
  configuration[kVersion] = version;
  return delta::DomainMetadata{kMarkerDomain, configuration.dump()};
}

Result<std::optional<Marker>> ReadMarker(const delta::Snapshot& snapshot,
                                         const lake_sink::MarkerSource& source, const std::string& pipeline) {
  lake_sink::Summary summary;
  const json configuration = Configuration(snapshot);
  for (const auto& [name, value] : configuration.items()) {
    if (value.is_string()) summary[name] = value.get<std::string>();
  }
  if (summary.empty()) return std::optional<Marker>();
  CDC_ASSIGN(Marker marker, lake_sink::MarkerFrom(summary, source));
  for (const auto& [topic, partitions] : marker.offsets) {
    for (const auto& [partition, next] : partitions) {
      const auto said = snapshot.transactions().find(AppId(pipeline, topic, partition));
      if (said != snapshot.transactions().end() && said->second.version == next) continue;
      return Error{
          ErrorKind::kUnsupported,
          fmt::format(
              "table {}: its marker says offset {} of partition {}, its transaction identifier {}",
              source.name, next, partition,
              said == snapshot.transactions().end() ? "nothing" : std::to_string(said->second.version)),
          source.hint};
    }
  }
  return std::optional(std::move(marker));
}

bool HasMarker(const std::vector<delta::Action>& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const delta::Action& action) {
    const auto* domain = std::get_if<delta::DomainMetadata>(&action);
    return domain != nullptr && domain->domain == kMarkerDomain && !domain->removed;
  });
}

std::optional<int64_t> MarkedVersion(const delta::Snapshot& snapshot) {
  const json configuration = Configuration(snapshot);
  if (!configuration.is_object() || !configuration.contains(kVersion) ||
      !configuration[kVersion].is_number_integer())
    return std::nullopt;
  return configuration[kVersion].get<int64_t>();
}

}  // namespace cdc::delta_sink
