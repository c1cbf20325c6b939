#include "jobs/sink/iceberg/table_properties.h"

namespace cdc::iceberg_sink {

std::vector<std::string> KeyIn(const iceberg::TableMetadata& metadata, const rows::Schema& schema) {
  if (auto names = lake_sink::NamesFrom(metadata.Property(kPropertyKey, ""))) return std::move(*names);
  std::vector<std::string> key;
  for (const int id : schema.identifier_field_ids)
    key.push_back(schema.fields[static_cast<size_t>(schema.IndexOfId(id))].name);
  return key;
}

std::optional<OwnNames> OwnNamesIn(const iceberg::TableMetadata& metadata) {
  return lake_sink::OwnNamesFrom(metadata.Property(kPropertyOwn, ""));
}

std::optional<IdentityNote> IdentityNoteIn(const iceberg::TableMetadata& metadata) {
  return lake_sink::IdentityNoteFrom(metadata.Property(kPropertyIdentity, ""));
}

std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata) {
  return lake_sink::NamesFrom(metadata.Property(lake_sink::kPropertyAbsent, ""))
      .value_or(std::vector<std::string>());
}

iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns) {
  return {{{lake_sink::kPropertyAbsent, lake_sink::NamesText(columns)}}};
}

}  // namespace cdc::iceberg_sink
