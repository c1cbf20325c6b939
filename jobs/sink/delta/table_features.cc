#include "jobs/sink/delta/table_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/core/letter_case.h"

namespace cdc::delta_sink {
namespace {

/// What a writer must know of a feature and this one does; see CheckWritable() for those that only count when
/// they are used.
const std::set<std::string> kKnown = {
    "appendOnly",   "invariants",     "changeDataFeed",      "deletionVectors",  "columnMapping",
    "timestampNtz", "domainMetadata", "vacuumProtocolCheck", "checkConstraints", "generatedColumns"};

void Need(std::vector<std::string>* features, const char* feature) {
  if (std::find(features->begin(), features->end(), feature) == features->end())
    features->emplace_back(feature);
}

}  // namespace

bool Enabled(const delta::Metadata& metadata, const char* property) {
  const auto found = metadata.configuration.find(property);
  return found != metadata.configuration.end() && found->second == "true";
}

delta::Protocol ProtocolFor(delta::Protocol protocol, const delta::Metadata& metadata,
                            const delta::TableSchema& schema) {
  const auto both = [&protocol](const char* feature) {
    Need(&protocol.reader_features, feature);
    Need(&protocol.writer_features, feature);
  };
  for (const char* feature : {"appendOnly", "invariants", "domainMetadata"})
    Need(&protocol.writer_features, feature);
  if (Enabled(metadata, kFeedProperty)) Need(&protocol.writer_features, "changeDataFeed");
  if (Enabled(metadata, kVectorsProperty)) both("deletionVectors");
  if (delta::HasTimestampNtz(*schema.logical)) both("timestampNtz");
  if (schema.mapped) both("columnMapping");
  protocol.min_writer = 7;
  protocol.min_reader = protocol.reader_features.empty() ? 1 : 3;
  return protocol;
}

Status CheckWritable(const delta::Protocol& protocol, const delta::Metadata& metadata) {
  const auto refuse = [](const std::string& what) {
    return Error{ErrorKind::kUnsupported, "the Delta table " + what + ", which is not built yet",
                 "let the sink make the table itself, in a folder of its own"};
  };
  if (protocol.min_writer != 7) return refuse(fmt::format("has writer version {}", protocol.min_writer));
  for (const std::string& feature : protocol.writer_features) {
    if (!kKnown.contains(feature)) return refuse("has the feature " + feature);
  }
  if (!metadata.partition_columns.empty()) return refuse("has partitions");
  if (Enabled(metadata, "delta.appendOnly")) return refuse("takes no updates and deletes (delta.appendOnly)");
  for (const auto& [key, value] : metadata.configuration) {
    if (key.starts_with("delta.constraints.")) return refuse("has a constraint (" + key + ")");
  }
  for (const char* word : {"delta.invariants", "delta.generationExpression"}) {
    if (metadata.schema_string.find(word) != std::string::npos)
      return refuse(std::string("has columns with ") + word);
  }
  return {};
}

Status CheckColumns(const rows::Schema& schema, bool feed) {
  std::set<std::string> seen;
  for (const rows::Field& field : schema.fields) {
    const std::string lower = LowerCase(field.name);
    if (!seen.insert(lower).second) {
      return Error{
          ErrorKind::kUnsupported,
          fmt::format("column '{}': a Delta table has another one that differs from it in letter case only",
                      field.name),
          fmt::format("give it another name: [tables.….columns] \"{}\" = {{ name = \"…\" }}", field.name)};
    }
    if (feed && (lower == "_change_type" || lower == "_commit_version" || lower == "_commit_timestamp")) {
      return Error{
          ErrorKind::kUnsupported,
          fmt::format("column '{}': the change data feed has a column of that name", field.name),
          fmt::format("give it another name: [tables.….columns] \"{}\" = {{ name = \"…\" }}", field.name)};
    }
  }
  return {};
}

}  // namespace cdc::delta_sink
