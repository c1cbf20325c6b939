#include "cli/delta_target.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lib/config/table_names.h"
#include "lib/contract/delta_marker.h"
#include "lib/contract/names.h"
#include "lib/delta/log.h"

namespace cdc::cli {
namespace {

/// One of the marker's texts; empty: it has none.
std::string MarkerText(const delta::Snapshot& snapshot, std::string_view name) {
  const auto domain = snapshot.domains().find(contract::kDeltaMarkerDomain);
  if (domain == snapshot.domains().end()) return "";
  const auto marker = nlohmann::json::parse(domain->second.configuration, nullptr, false);
  const auto text = marker.is_object() ? marker.find(std::string(name)) : marker.end();
  return text != marker.end() && text->is_string() ? text->get<std::string>() : std::string();
}

Result<contract::TopicOffsets> OffsetsIn(const delta::Snapshot& snapshot) {
  const std::string text = MarkerText(snapshot, contract::kSummaryOffsets);
  return text.empty() ? contract::TopicOffsets() : contract::DecodeTopicOffsets(text);
}

}  // namespace

Result<std::unique_ptr<DeltaTarget>> DeltaTarget::Open(const config::Config& config,
                                                       const config::Table& table, Millis patience) {
  std::unique_ptr<DeltaTarget> target(new DeltaTarget());
  target->entry_ = table.name;
  target->sink_ = table.sink;
  target->root_ = config::DeltaFolder(config, table);
  CDC_ASSIGN(target->files_, lake::OpenFiles(config, target->root_, patience));
  return target;
}

Error DeltaTarget::NotYet(const std::string& what) const {
  return Error{ErrorKind::kUnsupported,
               fmt::format("Table {} is written to [sinks.{}], a Delta sink: {} is not built yet for those",
                           entry_, sink_, what),
               fmt::format("`cdc pause {}` stops its worker; a table whose folder {} is removed is built "
                           "anew from the topic's "
                           "start after `cdc resume {}`",
                           entry_, root_, entry_)};
}

Result<std::optional<TargetRows>> DeltaTarget::Count(Millis) {
  const auto snapshot = delta::Log(root_, files_->files()).Load();
  if (!snapshot && snapshot.error().kind == ErrorKind::kNotFound) return std::optional<TargetRows>();
  if (!snapshot) return snapshot.error();
  for (const auto& [path, file] : snapshot->files()) {
    if (file.records < 0)
      return Error{ErrorKind::kUnsupported,
                   fmt::format("{} has files of another writer whose rows the log does not count", root_)};
  }
  TargetRows rows;
  rows.rows = snapshot->rows();
  CDC_ASSIGN(rows.offsets, OffsetsIn(*snapshot));
  return std::optional(std::move(rows));
}

Result<std::unique_ptr<TargetMoment>> DeltaTarget::OpenMoment(Millis) { return NotYet("reading rows"); }

Result<contract::RecordRanges> DeltaTarget::Replayed() {
  const auto snapshot = delta::Log(root_, files_->files()).Load();
  if (!snapshot && snapshot.error().kind == ErrorKind::kNotFound) return contract::RecordRanges();
  if (!snapshot) return snapshot.error();
  const std::string text = MarkerText(*snapshot, contract::kSummaryReplayed);
  return text.empty() ? contract::RecordRanges() : contract::RecordRanges::Decode(text);
}

Result<contract::TopicOffsets> DeltaTarget::WrittenOffsets() {
  CDC_ASSIGN(const delta::Snapshot snapshot, delta::Log(root_, files_->files()).Load());
  return OffsetsIn(snapshot);
}

Result<std::vector<std::string>> DeltaTarget::PlanReset(bool) { return NotYet("a reset"); }

Status DeltaTarget::Clear() { return NotYet("a reset"); }

Status DeltaTarget::GoOnFrom(const SourceTopic&, const contract::PartitionOffsets&) {
  return NotYet("to go on from other offsets");
}

}  // namespace cdc::cli
