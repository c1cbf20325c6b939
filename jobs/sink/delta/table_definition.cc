#include "jobs/sink/delta/table_definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/delta/table_features.h"
#include "lib/iceberg/metadata.h"

namespace cdc::delta_sink {
namespace {

/// How long versions and removed files stay for readers, unless somebody sets it otherwise. Delta's own
/// defaults, 30 and 7 days, are two and a half million versions of one a second, and half a million removed
/// files in each checkpoint.
constexpr const char* kRetention = "interval 1 day";

/// The name that a column's values get in data files.
std::string PhysicalName(const delta::TableSchema& columns, const std::string& name) {
  return columns.mapped ? delta::NewPhysicalName() : name;
}

/// Column mapping by name, for columns whose names in files differ from now on.
void Map(delta::TableSchema* columns, delta::Metadata* metadata) {
  columns->mapped = true;
  metadata->configuration[delta::kMappingMode] = "name";
}

}  // namespace

Status TableDefinition::Read() {
  if (!read_) {  // names noted since then go with the next commit
    absent_ = lake_sink::NamesFrom(table_.Property(lake_sink::kPropertyAbsent))
                  .value_or(std::vector<std::string>());
    read_ = true;
  }
  own_ = lake_sink::OwnNamesFrom(table_.Property(lake_sink::kPropertyOwn));
  keys_.columns =
      lake_sink::NamesFrom(table_.Property(lake_sink::kPropertyKey)).value_or(std::vector<std::string>());
  const auto secret = KeySecret::FromHex(table_.Property(lake_sink::kPropertySecret));
  const auto refuse = [this](const std::string& what) {
    return Error{
        ErrorKind::kUnsupported, fmt::format("the Delta table in {} {}", table_.root(), what),
        fmt::format(
            "stop the worker and remove the folder {}: the table is then built anew from the topic's start",
            table_.root())};
  };
  if (!secret) return refuse("was not made by this sink, or has lost its property cdc.key-secret");
  keys_.secret = *secret;
  identity_ = {};
  if (!settings_.table.append && key().empty()) {
    auto said = lake_sink::IdentityNoteFrom(table_.Property(lake_sink::kPropertyIdentity));
    if (!said) return refuse("has no key, so it cannot be updated in place");
    identity_ = std::move(*said);
  }
  for (const std::string& column : key()) {
    if (!settings_.table.append && table_.schema()->IndexOf(column) < 0)
      return refuse(fmt::format("has no column '{}' any more, which is of its key", column));
  }
  if (!settings_.table.append && !settings_.table.key.empty() && settings_.table.key != key())
    return refuse("was made with another key than tables.toml says now");
  MakeIdentity();
  return {};
}

void TableDefinition::MakeIdentity() {
  keys_.identity.reset();
  if (settings_.table.append || !key().empty()) return;
  std::vector<std::string> except = identity_.derived;
  except.insert(except.end(), identity_.absent.begin(), identity_.absent.end());
  if (own_) {
    for (const auto& [value, name] : *own_) except.push_back(name);
  }
  keys_.identity =
      std::make_shared<RowIdentity>(keys_.secret, *table_.schema(), except, identity_.last_field_id);
}

bool TableDefinition::absent_is_new() const {
  return absent_ != lake_sink::NamesFrom(table_.Property(lake_sink::kPropertyAbsent))
                        .value_or(std::vector<std::string>());
}

Result<std::vector<delta::Action>> TableDefinition::Make(const rows::Schema& schema,
                                                         const std::vector<std::string>& key,
                                                         const OwnNames& own,
                                                         const std::vector<std::string>& derived,
                                                         int64_t now_ms) const {
  delta::TableSchema columns;
  auto logical = std::make_shared<rows::Schema>(rows::AssignFieldIds(schema));
  columns.last_id = logical->max_field_id();
  delta::Metadata metadata;
  metadata.id = iceberg::NewUuid();
  metadata.created_time = now_ms;
  auto& properties = metadata.configuration;
  properties = {{lake_sink::kPropertyKey, lake_sink::NamesText(key)},
                {lake_sink::kPropertyOwn, lake_sink::OwnNamesText(own)},
                {lake_sink::kPropertySecret, KeySecret::Random().Hex()},
                {"delta.logRetentionDuration", kRetention},
                {"delta.deletedFileRetentionDuration", kRetention},
                {"delta.checkpointInterval", "100"}};
  if (!settings_.table.append) properties[kVectorsProperty] = "true";
  if (settings_.change_data_feed) properties[kFeedProperty] = "true";
  if (!settings_.table.append && key.empty())
    properties[lake_sink::kPropertyIdentity] = lake_sink::IdentityText({derived, {}, columns.last_id});
  if (std::any_of(logical->fields.begin(), logical->fields.end(),
                  [](const rows::Field& field) { return delta::NeedsMapping(field.name); }))
    Map(&columns, &metadata);
  for (const rows::Field& field : logical->fields)
    columns.physical.push_back(PhysicalName(columns, field.name));
  columns.logical = std::move(logical);
  CDC_TRY(CheckColumns(*columns.logical, settings_.change_data_feed));
  auto actions = With(std::move(metadata), columns);
  // A first version has a protocol, whatever it needs.
  if (!std::holds_alternative<delta::Protocol>(actions.front()))
    return Error{ErrorKind::kCorrupt, "a table without a protocol"};
  return actions;
}

/// The metadata, and before it the protocol if that changes with it.
std::vector<delta::Action> TableDefinition::With(delta::Metadata metadata,
                                                 const delta::TableSchema& columns) const {
  metadata.schema_string = delta::EncodeSchema(columns);
  metadata.configuration[delta::kLastId] = std::to_string(columns.last_id);
  if (columns.mapped) metadata.configuration[delta::kMaxColumnId] = std::to_string(columns.last_id);
  std::vector<delta::Action> actions;
  const delta::Protocol before =
      table_.made() ? *table_.snapshot().protocol() : delta::Protocol{1, 7, {}, {}};
  delta::Protocol after = ProtocolFor(before, metadata, columns);
  if (!table_.made() || after != before) actions.emplace_back(std::move(after));
  actions.emplace_back(std::move(metadata));
  return actions;
}

Result<std::vector<delta::Action>> TableDefinition::Change(const rows::SchemaChanges& changes,
                                                           const OwnNames& own) const {
  if (!changes.promotions.empty()) {
    const auto& [name, type] = changes.promotions.front();
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("column '{}' is {} at the source now; a Delta table's column cannot become that yet",
                    name, rows::ToString(type)),
        fmt::format(
            "stop the worker and remove the folder {}: the table is then built anew from the topic's start",
            table_.root())};
  }
  const delta::TableSchema& before = table_.columns();
  delta::Metadata metadata = table_.metadata();
  metadata.configuration[lake_sink::kPropertyOwn] = lake_sink::OwnNamesText(own);
  CDC_ASSIGN(rows::Schema evolved, rows::Evolve(*before.logical, before.last_id, changes));
  delta::TableSchema after = before;
  const bool other_names =
      !changes.renames.empty() || !changes.replacements.empty() ||
      std::any_of(changes.additions.begin(), changes.additions.end(),
                  [](const rows::Field& field) { return delta::NeedsMapping(field.name); });
  if (other_names) Map(&after, &metadata);
  after.physical.clear();
  for (const rows::Field& field : evolved.fields) {
    const int at = before.logical->IndexOfId(field.id);
    after.physical.push_back(at >= 0 ? before.physical[static_cast<size_t>(at)]
                                     : PhysicalName(after, field.name));
  }
  after.last_id = std::max(before.last_id, evolved.max_field_id());
  CDC_TRY(CheckColumns(evolved, Enabled(metadata, kFeedProperty)));
  if (!changes.replacements.empty())
    metadata.configuration[lake_sink::kPropertyAbsent] = lake_sink::NamesText(absent_);
  after.logical = std::make_shared<rows::Schema>(std::move(evolved));
  return With(std::move(metadata), after);
}

std::vector<delta::Action> TableDefinition::Set(const std::map<std::string, std::string>& properties) const {
  delta::Metadata metadata = table_.metadata();
  for (const auto& [name, value] : properties) metadata.configuration[name] = value;
  return With(std::move(metadata), table_.columns());
}

std::map<std::string, std::string> TableDefinition::WithoutInIdentity(
    const std::vector<std::string>& absent) const {
  lake_sink::IdentityNote note = identity_;
  note.absent = absent;
  return {{lake_sink::kPropertyIdentity, lake_sink::IdentityText(note)}};
}

}  // namespace cdc::delta_sink
