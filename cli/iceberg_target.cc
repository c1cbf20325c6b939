#include "cli/iceberg_target.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "cli/offsets_commit.h"
#include "lib/config/table_names.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"
#include "lib/iceberg/live_files.h"
#include "lib/lake/written_marker.h"
#include "lib/verify/lake_side.h"

namespace cdc::cli {
namespace {

const std::string kOffsets(contract::kSummaryOffsets);
const std::string kSource(contract::kSummarySource);

/// Foreign leftovers aside, that delete positions of files that are no longer there.
int64_t DeletedRows(const iceberg::LiveFiles& live) {
  int64_t rows = 0;
  for (const auto& [path, entry] : live.deletes()) {
    const auto data = iceberg::ReferencedDataFile(entry->file);
    if (!data || live.FindData(*data)) rows += entry->file.record_count;
  }
  return rows;
}

class IcebergMoment final : public TargetMoment {
 public:
  IcebergMoment(std::unique_ptr<verify::LakeMoment> moment, contract::TopicOffsets offsets)
      : moment_(std::move(moment)), offsets_(std::move(offsets)) {}

  const contract::TopicOffsets& offsets() const override { return offsets_; }
  std::vector<verify::TargetColumn> columns() const override {
    std::vector<verify::TargetColumn> columns;
    for (const rows::Field& field : moment_->schema().fields)
      columns.push_back({.name = field.name, .type = field.type});
    return columns;
  }
  std::vector<std::string> key() const override {
    std::vector<std::string> key;
    for (const int id : moment_->schema().identifier_field_ids) {
      const int at = moment_->schema().IndexOfId(id);
      if (at >= 0) key.push_back(moment_->schema().fields[static_cast<size_t>(at)].name);
    }
    return key;
  }
  int64_t guessed_rows() const override { return moment_->records(); }
  std::string at() const override { return fmt::format("snapshot {}", moment_->snapshot_id()); }
  Result<std::unique_ptr<verify::Side>> Read(const verify::Plan& plan,
                                             const verify::Hashing& hashing) override {
    return moment_->Read(plan, hashing);
  }

 private:
  std::unique_ptr<verify::LakeMoment> moment_;
  contract::TopicOffsets offsets_;
};

}  // namespace

Result<std::unique_ptr<IcebergTarget>> IcebergTarget::Open(std::shared_ptr<const config::Config> config,
                                                           const config::Table& table, Millis patience) {
  std::unique_ptr<IcebergTarget> target(new IcebergTarget());
  const std::string noted =
      contract::NotedName(contract::StateLayout(config->orchestrator.state_dir).table_index(table.name));
  target->entry_ = table.name;
  target->pipeline_ = PipelineName(*config, table);
  target->ident_ = {config->catalog.name_space,
                    config::IcebergName(*config, table.name,
                                        noted.empty() ? config::BareName(*config, table.name) : noted)};
  CDC_ASSIGN(target->lake_, lake::Open(*config, target->ident_, patience));
  return target;
}

Result<std::optional<iceberg::LoadedTable>> IcebergTarget::Load() {
  auto loaded = lake_->catalog().LoadTable(ident_);
  if (loaded) return std::optional(std::move(*loaded));
  if (loaded.error().kind == ErrorKind::kNotFound) return std::optional<iceberg::LoadedTable>();
  return loaded.error();
}

Result<std::optional<TargetRows>> IcebergTarget::Count(Millis) {
  CDC_ASSIGN(const auto loaded, Load());
  if (!loaded) return std::optional<TargetRows>();
  CDC_ASSIGN(const auto live, iceberg::LiveFiles::Load(lake_->files(), *loaded->metadata));
  if (live.has_equality_deletes()) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("Counting the rows of {}: it has equality deletes of another engine", entry_),
                 "have that engine rewrite the table's data files"};
  }
  TargetRows target;
  target.rows = live.totals().records - DeletedRows(live);
  if (auto offsets = OffsetsOf(*loaded)) target.offsets = std::move(*offsets);
  return std::optional(std::move(target));
}

Result<std::unique_ptr<TargetMoment>> IcebergTarget::OpenMoment(Millis) {
  CDC_ASSIGN(auto loaded, Load());
  if (!loaded) return std::unique_ptr<TargetMoment>();
  contract::TopicOffsets offsets;
  if (auto known = OffsetsOf(*loaded)) offsets = std::move(*known);
  CDC_ASSIGN(auto moment, verify::LakeMoment::Open(&lake_->files(), std::move(*loaded)));
  return std::unique_ptr<TargetMoment>(new IcebergMoment(std::move(moment), std::move(offsets)));
}

Result<std::optional<TargetFacts>> IcebergTarget::Facts(Millis) {
  CDC_ASSIGN(const auto loaded, Load());
  if (!loaded) return std::optional<TargetFacts>();
  const iceberg::TableMetadata& metadata = *loaded->metadata;
  CDC_ASSIGN(const rows::Schema schema, metadata.CurrentSchema());
  CDC_ASSIGN(const auto live, iceberg::LiveFiles::Load(lake_->files(), metadata));
  TargetFacts found;
  const auto& key = schema.identifier_field_ids;
  for (const rows::Field& field : schema.fields) {
    const bool in_key = std::find(key.begin(), key.end(), field.id) != key.end();
    found.columns.push_back({field.name, rows::ToString(field.type), !field.required, in_key});
  }
  for (const auto& column : metadata.ForeignColumns())
    found.columns.push_back({column.name, "of another engine", true, false});
  if (auto offsets = OffsetsOf(*loaded)) found.offsets = std::move(*offsets);
  const auto& totals = live.totals();
  const auto current = metadata.current_snapshot();
  found.facts = {{"table", name()},
                 {"location", metadata.location},
                 {"format_version", std::to_string(metadata.format_version)},
                 {"snapshots", std::to_string(metadata.snapshots.size())},
                 {"snapshot", current ? std::to_string(current->snapshot_id) : "none"},
                 {"rows", std::to_string(totals.records - DeletedRows(live))},
                 {"data_files", std::to_string(totals.data_files)},
                 {"delete_files", std::to_string(totals.delete_files)},
                 {"bytes", std::to_string(totals.bytes)}};
  return std::optional(std::move(found));
}

Result<contract::RecordRanges> IcebergTarget::Replayed() {
  CDC_ASSIGN(const auto loaded, Load());
  if (!loaded) return contract::RecordRanges();
  CDC_ASSIGN(const auto marker, lake::FindMarker(*loaded->metadata, lake_->files(), {}));
  if (!marker) return contract::RecordRanges();
  const auto text = marker->summary.find(std::string(contract::kSummaryReplayed));
  return text == marker->summary.end() ? contract::RecordRanges()
                                       : contract::RecordRanges::Decode(text->second);
}

Result<contract::TopicOffsets> IcebergTarget::WrittenOffsets() {
  CDC_ASSIGN(const auto table, Load());
  if (table) return OffsetsOf(*table);
  return Error{ErrorKind::kNotFound, fmt::format("the catalog has no table {}", name())};
}

Result<contract::TopicOffsets> IcebergTarget::OffsetsOf(const iceberg::LoadedTable& table) {
  const auto marker = lake::FindMarker(*table.metadata, lake_->files(), {});
  // Of a table that was replaced nothing is known.
  if (!marker && marker.error().kind != ErrorKind::kUnsupported) return marker.error();
  if (!marker || !*marker) return contract::TopicOffsets();
  const auto offsets = (*marker)->summary.find(kOffsets);
  if (offsets == (*marker)->summary.end()) return contract::TopicOffsets();
  return contract::DecodeTopicOffsets(offsets->second);
}

// ---- reset

/// What --purge deletes. \return files in the folder that the table does not reference
Result<size_t> IcebergTarget::PlanPurge(const iceberg::LoadedTable& table) {
  const auto refused = [&](const Error& error) {
    return Error{error.kind, fmt::format("Purging {}: {}", name(), error.message),
                 error.kind == ErrorKind::kUnsupported
                     ? "`cdc reset " + entry_ + " --yes` without --purge leaves its files where they are"
                     : error.hint};
  };
  const auto listed = lake_->files().List(table.metadata->folder());
  if (!listed) return refused(listed.error());
  const Status allowed = iceberg::CheckDeletable(lake_->catalog(), lake_->files(), table, *listed);
  if (!allowed) return refused(allowed.error());
  auto found = iceberg::FindAllFiles(lake_->files(), table);
  if (!found) return refused(found.error());
  files_ = std::move(*found);
  std::unordered_set<std::string> own;
  for (const std::string& path : files_->own) own.insert(iceberg::Spelling(path));
  return static_cast<size_t>(std::count_if(listed->begin(), listed->end(), [&](const auto& file) {
    return !own.contains(iceberg::Spelling(file.path));
  }));
}

Result<std::vector<std::string>> IcebergTarget::PlanReset(bool purge) {
  CDC_ASSIGN(const auto table, Load());
  drop_ = table.has_value();
  files_.reset();
  if (!table) return std::vector{fmt::format("{} is not in the catalog", name())};
  const std::string& location = table->metadata->location;
  std::vector<std::string> lines = {
      fmt::format("drop {} from the catalog; readers do not find it until it is rebuilt", name())};
  if (!purge) {
    lines.push_back(fmt::format("leave (--purge deletes) its files in {}", location));
    return lines;
  }
  CDC_ASSIGN(const size_t unknown, PlanPurge(*table));
  lines.push_back(fmt::format("delete the {} files in {} that it references", files_->own.size(), location));
  if (!files_->other.empty()) {
    lines.push_back(fmt::format("leave {} files elsewhere that it references, as {}", files_->other.size(),
                                files_->other.front()));
  }
  if (unknown > 0) lines.push_back(fmt::format("leave {} files there that it does not reference", unknown));
  return lines;
}

Status IcebergTarget::Clear() { return drop_ ? lake_->catalog().DropTable(ident_) : Status{}; }

Status IcebergTarget::CleanUp() {
  if (!files_) return {};
  for (const std::string& path : files_->own) CDC_TRY(lake_->files().Delete(path));
  fmt::print("{} files deleted\n", files_->own.size());
  return {};
}

// ---- adopt and rewind

Status IcebergTarget::KeepRecords(const SourceTopic& topic, const contract::PartitionOffsets& next,
                                  std::map<std::string, std::string>* summary) {
  CDC_ASSIGN(const auto table, Load());
  if (!table) return {};
  const auto marker = lake::FindMarker(*table->metadata, lake_->files(), {});
  if (!marker || !*marker) return {};  // of other rows
  const auto source = (*marker)->summary.find(kSource);
  if (source != (*marker)->summary.end() && source->second != SourceJson(topic)) return {};
  for (const std::string_view each : {contract::kSummaryReplayed, contract::kSummaryPassedOver}) {
    const auto text = (*marker)->summary.find(std::string(each));
    if (text == (*marker)->summary.end()) continue;
    CDC_ASSIGN(const std::string kept, KeepBelow(text->second, next));
    if (!kept.empty()) (*summary)[std::string(each)] = kept;
  }
  return {};
}

Status IcebergTarget::GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) {
  std::map<std::string, std::string> summary = {
      {kOffsets, contract::EncodeOffsets(contract::TopicOffsets{{topic.name, next}})},
      {kSource, SourceJson(topic)},
      {std::string(contract::kSummaryPipeline), pipeline_}};
  CDC_TRY(KeepRecords(topic, next, &summary));
  return CommitSummary(lake_->catalog(), lake_->files(), ident_, summary);
}

}  // namespace cdc::cli
