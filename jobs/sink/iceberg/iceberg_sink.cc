#include "jobs/sink/iceberg/table_properties.h"
#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/rewriting.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/contract/names.h"
#include "lib/contract/offsets.h"
#include "lib/iceberg/deletable.h"
#include "lib/iceberg/schema_evolution.h"
#include "lib/lake/written_marker.h"

namespace cdc::iceberg_sink {
namespace {

using contract::kSummaryKeyChanges;
using contract::kSummaryLastRecords;
using contract::kSummaryOffsets;
using contract::kSummaryPipeline;
using contract::kSummarySource;
using iceberg::LoadedTable;


std::string WaysOut(const std::string& table) {
  return fmt::format(
      "`cdc reset {0} --yes` rebuilds the table from the topic's start, `cdc adopt {0} --yes` takes it as it "
      "is from the topic's present end, `cdc rewind {0}` goes on from given offsets",
      table);
}

/// What cannot be read is as good as not noted.
std::optional<OwnNames> OwnNamesOf(const iceberg::TableMetadata& table) {
  const auto noted = nlohmann::json::parse(table.Property(kPropertyOwn, ""), nullptr, false);
  if (!noted.is_object()) return std::nullopt;
  OwnNames names;
  for (const auto& [value, name] : noted.items()) {
    if (name.is_string()) names.emplace(value, name.get<std::string>());
  }
  return names;
}

/// What else the marker says: a commit that leaves the offsets what they are says it again.
Status ReadRanges(const std::map<std::string, std::string>& summary, Marker* marker) {
  const auto text = [&](std::string_view name) {
    const auto found = summary.find(std::string(name));
    return found == summary.end() ? std::string() : found->second;
  };
  for (const auto& [name, ranges] : {std::pair{contract::kSummaryReplayed, &marker->replayed},
                                     std::pair{contract::kSummaryPassedOver, &marker->passed_over}}) {
    if (const std::string json = text(name); !json.empty()) {
      CDC_ASSIGN(*ranges, contract::RecordRanges::Decode(json));
    }
  }
  if (const std::string json = text(kSummaryKeyChanges); !json.empty()) {
    CDC_ASSIGN(marker->key_changes, contract::DecodeKeyChanges(json));
  }
  if (const std::string through = text(contract::kSummaryValidThrough); !through.empty())
    marker->valid_through_ms = std::strtoll(through.c_str(), nullptr, 10);
  marker->source_lsn = std::strtoll(text(contract::kSummaryLsn).c_str(), nullptr, 10);
  return {};
}

}  // namespace

IcebergSink::IcebergSink(TableSettings settings, std::string source_json, Ports ports)
    : settings_(std::move(settings)),
      source_json_(std::move(source_json)),
      ports_(std::move(ports)),
      closing_(ports_.files),
      deleted_(static_cast<size_t>(ShareOut(settings_.memory_bytes).known_deletes)),
      allowance_(ports_.clock.steady()) {}

IcebergSink::~IcebergSink() = default;

Result<std::unique_ptr<IcebergSink>> IcebergSink::Open(TableSettings settings, std::string source_json,
                                                       Ports ports) {
  std::unique_ptr<IcebergSink> sink(
      new IcebergSink(std::move(settings), std::move(source_json), std::move(ports)));
  CDC_TRY(sink->ports_.catalog.EnsureNamespace(sink->settings_.ident.name_space));
  CDC_TRY(sink->Load());
  sink->seen_schema_ = sink->schema_;
  sink->seen_key_ = sink->key_;
  if (!sink->settings_.append) sink->LoadMoved();
  return sink;
}

Result<std::unique_ptr<IcebergSink>> IcebergSink::OpenToMaintain(TableSettings settings, Ports ports) {
  const std::string name = ToString(settings.ident);
  std::unique_ptr<IcebergSink> sink(new IcebergSink(std::move(settings), "", std::move(ports)));
  CDC_TRY(sink->Load());
  if (sink->table_.metadata == nullptr) return Error{ErrorKind::kNotFound, "There is no table " + name};
  sink->seen_schema_ = sink->schema_;
  sink->seen_key_ = sink->key_;
  return sink;
}

Status IcebergSink::Load() {
  auto loaded = ports_.catalog.LoadTable(IdentOf(settings_));
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return {};
  if (!loaded) return loaded.error();
  const Status adopted = Adopt(std::move(*loaded));
  if (!adopted) {
    // A table that was replaced may have lost its key, too: that is not what is to be mended first.
    const Status marked = table_.metadata == nullptr || source_json_.empty() ? Status{} : ReadMarker();
    return marked ? adopted : marked;
  }
  own_ = OwnNamesOf(*table_.metadata);
  if (!source_json_.empty()) CDC_TRY(ReadMarker());
  if (!settings_.append) CDC_TRY(TakeSecret());
  MakeIdentity();
  return settings_.append ? Status{} : RecoverIndex();
}

/// Takes `table` as the present state of things: schema, key and live files.
Status IcebergSink::Adopt(LoadedTable table) {
  const std::string name = ToString(settings_.ident);
  if (table.metadata->partitioned) {
    return Error{ErrorKind::kUnsupported,
                 "table " + name + " is partitioned; only unpartitioned tables can be written yet",
                 "`cdc reset " + settings_.table + " --yes` builds it anew"};
  }
  CDC_ASSIGN(rows::Schema schema, table.metadata->CurrentSchema());
  CDC_ASSIGN(live_, iceberg::LiveFiles::Load(ports_.files, *table.metadata));
  if (live_.has_equality_deletes()) {
    return Error{ErrorKind::kUnsupported, "table " + name + " has equality deletes of another writer",
                 "rewrite it with that engine first (rewrite_data_files), or `cdc reset " + settings_.table +
                     " --yes`"};
  }
  // What is noted since goes with the next commit.
  if (table_.metadata == nullptr) absent_ = AbsentIn(*table.metadata);
  table_ = std::move(table);
  schema_ = std::make_shared<const rows::Schema>(std::move(schema));
  deleted_.ForgetAll();
  shared_.reset();
  key_.clear();
  const auto names = nlohmann::json::parse(table_.metadata->Property(kPropertyKey, ""), nullptr, false);
  if (names.is_array()) {
    for (const auto& column : names) key_.push_back(column.get<std::string>());
  } else {
    for (const int id : schema_->identifier_field_ids) {
      key_.push_back(schema_->fields[static_cast<size_t>(schema_->IndexOfId(id))].name);
    }
  }
  CDC_TRY(ReadIdentity());
  for (const std::string& column : key_) {
    if (settings_.append || schema_->IndexOf(column) >= 0) continue;
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("table {} has no column '{}' any more, which is of its key", name, column),
        fmt::format("give the column its name back with the engine that took it away, then `cdc trigger "
                    "{0}`; or `cdc reset {0} --yes`",
                    settings_.table)};
  }
  if (!settings_.append && !settings_.key.empty() && settings_.key != key_) {
    return Error{ErrorKind::kUnsupported,
                 "table " + name + " was made with another key than tables.toml says now",
                 "take the key back, or `cdc reset " + settings_.table + " --yes` to build it anew"};
  }
  return {};
}

/// Offsets of one Kafka cluster mean nothing on another.
Status IcebergSink::CheckSource(const std::string& written) const {
  if (written.empty() || written == source_json_) return {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("table {} was filled from another Kafka topic: {}, now {}",
                           ToString(settings_.ident), written, source_json_),
               WaysOut(settings_.table)};
}

bool IcebergSink::HoldsOurFiles() const {
  return std::any_of(live_.data().begin(), live_.data().end(),
                     [](const auto& entry) { return iceberg::IsOurDataFile(entry.first); });
}

Status IcebergSink::ReadMarker() {
  marker_.reset();
  auto found = lake::FindMarker(*table_.metadata, ports_.files, [this] { return HoldsOurFiles(); });
  if (!found) {
    Error error = found.error();
    if (error.kind == ErrorKind::kUnsupported) error.hint = WaysOut(settings_.table);
    return error;
  }
  if (!*found) {
    if (live_.data().empty()) return {};
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} has data but nothing says how far its topic was read",
                             ToString(settings_.ident)),
                 WaysOut(settings_.table)};
  }
  auto& summary = (*found)->summary;
  CDC_TRY(CheckSource(summary[std::string(kSummarySource)]));
  CDC_ASSIGN(contract::TopicOffsets offsets,
             contract::DecodeTopicOffsets(summary[std::string(kSummaryOffsets)]));
  if (!offsets.contains(settings_.topic) && !offsets.empty()) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from topic {}, not {}", ToString(settings_.ident),
                             offsets.begin()->first, settings_.topic),
                 WaysOut(settings_.table)};
  }
  contract::TopicLastRecords last_records;
  if (const std::string& records = summary[std::string(kSummaryLastRecords)]; !records.empty()) {
    CDC_ASSIGN(last_records, contract::DecodeLastRecords(records));
  }
  marker_ = Marker{std::move(offsets), std::move(last_records)};
  CDC_TRY(ReadRanges(summary, &*marker_));
  // What was committed on top of it while no worker ran.
  for (const iceberg::SnapshotPtr& snapshot : (*found)->later) CDC_TRY(RefuseRowsOf(*snapshot));
  return {};
}

Status IcebergSink::Create(const rows::Schema& schema, const std::vector<std::string>& key,
                           const OwnNames& own, const std::vector<std::string>& derived) {
  std::map<std::string, std::string> properties = {
      {kPropertyKey, nlohmann::json(key).dump()},
      {kPropertyOwn, nlohmann::json(own).dump()},
      {kPropertySecret, KeySecret::Random().Hex()},
      {"history.expire.min-snapshots-to-keep", std::to_string(settings_.snapshot_keep)},
  };
  if (!settings_.append && key.empty()) {
    int last_id = 0;
    for (const rows::Field& field : schema.fields) last_id = std::max(last_id, field.id);
    properties[kPropertyIdentity] = IdentityProperty(derived, {}, last_id);
  }
  auto made = ports_.catalog.CreateTable(IdentOf(settings_), schema, "", properties);
  // An unknown answer, or a repeated request's own first attempt: then it is empty.
  if (!made &&
      (made.error().kind == ErrorKind::kCommitUnknown || made.error().kind == ErrorKind::kConflict)) {
    auto loaded = ports_.catalog.LoadTable(IdentOf(settings_));
    if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return made.error();  // it did not arrive
    if (!loaded) return loaded.error();
    if (loaded->metadata->current_snapshot_id ||
        loaded->metadata->Property(kPropertyKey, "") != properties.at(kPropertyKey))
      return made.error();
    made = std::move(loaded);
  }
  if (!made) return made.error();
  CDC_TRY(Adopt(std::move(*made)));
  seen_schema_ = schema_;
  seen_key_ = key_;
  own_ = own;
  if (settings_.append) return {};
  CDC_TRY(TakeSecret());
  MakeIdentity();
  return RebuildIndex("");
}

Status IcebergSink::Evolve(const rows::SchemaChanges& changes, const OwnNames& own) {
  CDC_TRY(Settle());
  for (int attempt = 0;; ++attempt) {
    CDC_ASSIGN(const rows::Schema current, table_.metadata->CurrentSchema());
    CDC_ASSIGN(const rows::Schema evolved,
               rows::Evolve(current, table_.metadata->last_column_id, changes));
    const std::map<std::string, std::string> noted = {{kPropertyOwn, nlohmann::json(own).dump()}};
    iceberg::TableCommit commit = changes.empty() ? iceberg::PropertiesCommit(*table_.metadata, noted)
                                                  : iceberg::SchemaCommit(*table_.metadata, evolved);
    if (!changes.empty() && own_ != own) commit.updates.emplace_back(iceberg::SetProperties{noted});
    if (!changes.replacements.empty()) commit.updates.push_back(AbsentProperty(absent_));
    auto committed = ports_.catalog.CommitTable(table_, commit);
    if (!committed && committed.error().kind != ErrorKind::kCommitUnknown &&
        committed.error().kind != ErrorKind::kConflict) {
      return committed.error();
    }
    if (!committed && attempt == 3) return committed.error();
    const bool done = committed.has_value();
    if (!done) committed = ports_.catalog.LoadTable(IdentOf(settings_));
    if (!committed) return committed.error();
    if (committed->metadata->current_snapshot_id != live_.snapshot_id()) {
      return Error{ErrorKind::kConflict, "another writer committed to the table meanwhile"};
    }
    table_ = std::move(*committed);
    CDC_ASSIGN(rows::Schema schema, table_.metadata->CurrentSchema());
    seen_schema_ = schema_ = std::make_shared<const rows::Schema>(std::move(schema));
    own_ = OwnNamesOf(*table_.metadata);
    MakeIdentity();
    if (done || schema_->fields == evolved.fields) return {};
  }
}

std::map<std::string, std::string> IcebergSink::SummaryOf(const Marker& marker) const {
  std::map<std::string, std::string> summary = {
      {std::string(kSummaryOffsets), contract::EncodeOffsets(marker.offsets)},
      {std::string(kSummarySource), source_json_},
      {std::string(kSummaryPipeline), settings_.pipeline},
  };
  if (!marker.last_records.empty()) {
    summary[std::string(kSummaryLastRecords)] = contract::EncodeLastRecords(marker.last_records);
  }
  if (!marker.key_changes.empty()) {
    summary[std::string(kSummaryKeyChanges)] = contract::EncodeKeyChanges(marker.key_changes);
  }
  if (!marker.replayed.empty()) summary[std::string(contract::kSummaryReplayed)] = marker.replayed.Encode();
  if (!marker.passed_over.empty())
    summary[std::string(contract::kSummaryPassedOver)] = marker.passed_over.Encode();
  if (marker.valid_through_ms) {
    summary[std::string(contract::kSummaryValidThrough)] = std::to_string(*marker.valid_through_ms);
  }
  if (marker.source_lsn > 0) summary[std::string(contract::kSummaryLsn)] = std::to_string(marker.source_lsn);
  return summary;
}

/// Of a commit that leaves the offsets what they are.
std::map<std::string, std::string> IcebergSink::NewestSummary() const {
  std::map<std::string, std::string> summary;
  const auto marked = table_.metadata->NewestAncestorWith(std::string(kSummaryOffsets));
  if (marked == nullptr) return summary;
  for (const auto& [key, value] : marked->summary) {
    if (key.starts_with("cdc.")) summary[key] = value;
  }
  return summary;
}

/// What a snapshot says of the source, as table properties; those that say it already are left out.
std::map<std::string, std::string> IcebergSink::MirrorOf(const iceberg::Snapshot& snapshot) const {
  auto properties = lake::MirrorOf(snapshot, table_.metadata->table_uuid);
  std::erase_if(properties, [this](const auto& property) {
    return table_.metadata->Property(property.first, "") == property.second;
  });
  return properties;
}

Result<Committed> IcebergSink::CommitNow(const Fold& fold, const Marker& marker) {
  // A conflict that leaves the offsets alone is worked around a few times; more is another engine at war with
  // us.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    Draft draft;
    Status drafted = DraftRows(fold, &draft);
    if (drafted) drafted = DraftDeletes(&draft);
    if (!drafted) {
      Discard(draft);
      return drafted.error();
    }
    auto sent = Send(&draft, SummaryOf(marker), std::nullopt);
    if (sent) {
      marker_ = marker;
      Committed done;
      done.snapshot_id = *sent;
      done.rows = draft.rows;
      done.deletes = draft.deleted_rows;
      return done;
    }
    if (sent.error().kind != ErrorKind::kConflict) return sent.error();
    if (attempt == kAttempts) return sent.error();
    CDC_TRY(RebaseAfterConflict());
  }
}

/// The marker also as a property, for the day when somebody else has expired every snapshot of ours.
Status IcebergSink::Close() {
  CDC_TRY(Settle());
  if (table_.metadata == nullptr) return {};
  const auto snapshot = table_.metadata->NewestAncestorWith(std::string(kSummaryOffsets));
  if (snapshot != nullptr && !lake::IsMirrored(*table_.metadata, *snapshot)) {
    auto mirrored =
        ports_.catalog.CommitTable(table_, iceberg::PropertiesCommit(*table_.metadata, MirrorOf(*snapshot)));
    if (mirrored)
      table_ = std::move(*mirrored);
    else
      ports_.log.Debug("offsets not mirrored to a property: {}", mirrored.error().message);
  }
  if (index_ == nullptr) return {};
  // An index that outlives a power loss needs its file numbers to do so, too.
  CDC_TRY(numbers_->Sync());
  return index_->Sync();
}

}  // namespace cdc::iceberg_sink
