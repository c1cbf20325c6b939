#include "jobs/sink/iceberg/table_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/iceberg/schema_evolution.h"

namespace cdc::iceberg_sink {
namespace {

bool MayHaveArrived(const Error& error) {
  return error.kind == ErrorKind::kCommitUnknown || error.kind == ErrorKind::kConflict;
}

}  // namespace

Status TableDefinition::Adopt(iceberg::LoadedTable table) {
  const bool first = !table_.made();
  CDC_TRY(table_.Adopt(std::move(table)));
  if (first) {  // names noted since then go with the next commit
    absent_ = AbsentIn(table_.metadata());
    own_ = OwnNamesIn(table_.metadata());
  }
  keys_.columns = KeyIn(table_.metadata(), *table_.schema());
  CDC_TRY(ReadIdentity());
  return CheckKey();
}

/// \return kUnsupported: the table has no key and says nothing else.
Status TableDefinition::ReadIdentity() {
  keys_.identity.reset();
  identity_ = {};
  if (settings_.append || !key().empty()) return {};
  auto said = IdentityNoteIn(table_.metadata());
  if (!said) {
    return Error{ErrorKind::kUnsupported,
                 "table " + ToString(settings_.ident) + " has no key, so it cannot be updated in place",
                 "set mode = \"append\" for it, or `cdc reset " + settings_.table + " --yes` to rebuild it"};
  }
  identity_ = std::move(*said);
  return {};
}

Status TableDefinition::CheckKey() const {
  const std::string name = ToString(settings_.ident);
  for (const std::string& column : key()) {
    if (settings_.append || table_.schema()->IndexOf(column) >= 0) continue;
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("table {} has no column '{}' any more, which is of its key", name, column),
        fmt::format("give the column its name back with the engine that took it away, then `cdc trigger "
                    "{0}`; or `cdc reset {0} --yes`",
                    settings_.table)};
  }
  if (!settings_.append && !settings_.key.empty() && settings_.key != key()) {
    return Error{ErrorKind::kUnsupported,
                 "table " + name + " was made with another key than tables.toml says now",
                 "take the key back, or `cdc reset " + settings_.table + " --yes` to build it anew"};
  }
  return {};
}

Status TableDefinition::Create(const rows::Schema& schema, const std::vector<std::string>& key,
                               const OwnNames& own, const std::vector<std::string>& derived) {
  std::map<std::string, std::string> properties = {
      {kPropertyKey, nlohmann::json(key).dump()},
      {kPropertyOwn, OwnNamesText(own)},
      {kPropertySecret, KeySecret::Random().Hex()},
      {"history.expire.min-snapshots-to-keep", std::to_string(settings_.snapshot_keep)},
  };
  if (!settings_.append && key.empty()) {
    int last_id = 0;
    for (const rows::Field& field : schema.fields) last_id = std::max(last_id, field.id);
    properties[kPropertyIdentity] = IdentityText({derived, {}, last_id});
  }
  auto made = table_.Make(schema, properties);
  // An unknown answer, or a repeated request's own first attempt: then the table is empty.
  if (!made && MayHaveArrived(made.error())) {
    auto loaded = table_.Load();
    if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return made.error();  // it did not arrive
    if (!loaded) return loaded.error();
    if (loaded->metadata->current_snapshot_id ||
        loaded->metadata->Property(kPropertyKey, "") != properties.at(kPropertyKey))
      return made.error();
    made = std::move(loaded);
  }
  if (!made) return made.error();
  CDC_TRY(Adopt(std::move(*made)));
  own_ = own;
  if (settings_.append) return {};
  CDC_TRY(TakeSecret());
  MakeIdentity();
  return {};
}

Status TableDefinition::Evolve(const rows::SchemaChanges& changes, const OwnNames& own) {
  for (int attempt = 0;; ++attempt) {
    const iceberg::TableMetadata& metadata = table_.metadata();
    CDC_ASSIGN(const rows::Schema current, metadata.CurrentSchema());
    CDC_ASSIGN(const rows::Schema evolved, rows::Evolve(current, metadata.last_column_id, changes));
    const std::map<std::string, std::string> noted = {{kPropertyOwn, OwnNamesText(own)}};
    iceberg::TableCommit commit = changes.empty() ? iceberg::PropertiesCommit(metadata, noted)
                                                  : iceberg::SchemaCommit(metadata, evolved);
    if (!changes.empty() && own_ != own) commit.updates.emplace_back(iceberg::SetProperties{noted});
    if (!changes.replacements.empty()) commit.updates.push_back(AbsentProperty(absent_));
    auto committed = table_.Try(commit);
    const bool done = committed.has_value();
    if (!done && (!MayHaveArrived(committed.error()) || attempt == 3)) return committed.error();
    if (!done) committed = table_.Load();
    if (!committed) return committed.error();
    if (committed->metadata->current_snapshot_id != table_.live().snapshot_id())
      return Error{ErrorKind::kConflict, "another writer committed to the table meanwhile"};
    table_.Refresh(std::move(*committed));
    CDC_TRY(table_.ReadSchema());
    own_ = OwnNamesIn(table_.metadata());
    MakeIdentity();
    if (done || table_.schema()->fields == evolved.fields) return {};
  }
}

Status TableDefinition::TakeSecret() {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    if (const auto secret = KeySecret::FromHex(table_.metadata().Property(kPropertySecret, ""))) {
      keys_.secret = *secret;
      return {};
    }
    auto committed = table_.Try(
        iceberg::PropertiesCommit(table_.metadata(), {{kPropertySecret, KeySecret::Random().Hex()}}));
    if (!committed && !MayHaveArrived(committed.error())) return committed.error();
    if (!committed && attempt == kAttempts) {
      return Error{ErrorKind::kTransient, "cannot give table " + ToString(settings_.ident) +
                                              " the property " + kPropertySecret + ": " +
                                              committed.error().message};
    }
    if (!committed) committed = table_.Load();
    if (!committed) return committed.error();
    // Whatever else is new there belongs together: the snapshot's files are read again.
    const bool moved = committed->metadata->current_snapshot_id != table_.live().snapshot_id();
    if (moved)
      CDC_TRY(Adopt(std::move(*committed)));
    else
      table_.Refresh(std::move(*committed));
  }
}

Status TableDefinition::IdentifyRowsWithout(const std::vector<std::string>& absent) {
  IdentityNote note = identity_;
  note.absent = absent;
  CDC_TRY(
      table_.Change(iceberg::PropertiesCommit(table_.metadata(), {{kPropertyIdentity, IdentityText(note)}})));
  identity_ = std::move(note);
  MakeIdentity();
  return {};
}

void TableDefinition::MakeIdentity() {
  keys_.identity.reset();
  if (settings_.append || !key().empty()) return;
  std::vector<std::string> except = identity_.derived;
  except.insert(except.end(), identity_.absent.begin(), identity_.absent.end());
  if (own_) {
    for (const auto& [value, name] : *own_) except.push_back(name);
  }
  keys_.identity =
      std::make_shared<RowIdentity>(keys_.secret, *table_.schema(), except, identity_.last_field_id);
}

}  // namespace cdc::iceberg_sink
