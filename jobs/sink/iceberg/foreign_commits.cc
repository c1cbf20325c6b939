#include "jobs/sink/iceberg/foreign_commits.h"

#include <fmt/format.h>

#include <cstdlib>

#include "lib/contract/names.h"

namespace cdc::iceberg_sink {
namespace {

/// nothing: counts are optional.
std::optional<int64_t> SummaryCount(const iceberg::Snapshot& snapshot, const char* key) {
  const std::string* text = snapshot.FindSummary(key);
  return text == nullptr ? std::nullopt : std::optional(std::strtoll(text->c_str(), nullptr, 10));
}

/// Whether the table has more rows after the snapshot than before. A snapshot that brings no more rows than
/// it takes away has rewritten them, in files or in place, perhaps without some.
bool AddsRows(const iceberg::Snapshot& snapshot) {
  const std::string* operation = snapshot.FindSummary("operation");
  if (operation != nullptr && *operation == "replace") return false;
  const auto added = SummaryCount(snapshot, "added-records");
  if (!added) return operation != nullptr && *operation == "append";
  const auto count = [&](const char* key) { return SummaryCount(snapshot, key).value_or(0); };
  return *added - count("deleted-records") >
         count("added-position-deletes") - count("removed-position-deletes");
}

}  // namespace

bool MovedOn(const iceberg::TableMetadata& base, const iceberg::TableMetadata& now) {
  if (now.table_uuid != base.table_uuid) return true;
  if (now.current_snapshot_id == base.current_snapshot_id) return false;
  return !base.current_snapshot_id || now.HistoryContains(*base.current_snapshot_id);
}

Status RefuseAddedRows(const iceberg::Snapshot& foreign, const std::string& table) {
  if (!AddsRows(foreign)) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("another writer added rows to the table in snapshot {}", foreign.snapshot_id),
      fmt::format(
          "stop that writer; then `cdc reset {0} --yes` builds the table anew, or `cdc adopt {0} --yes` "
          "takes it as it is, from the topic's present end",
          table)};
}

Status CheckForeignCommits(const iceberg::TableMetadata& base, std::optional<int64_t> parent,
                           const iceberg::TableMetadata& now, const std::string& table) {
  if (now.table_uuid != base.table_uuid)
    return Error{ErrorKind::kConflict, "the table was dropped and made anew by somebody else"};
  auto snapshot = now.current_snapshot();
  for (; snapshot != nullptr && (!parent || snapshot->snapshot_id != *parent);
       snapshot = snapshot->parent_snapshot_id ? now.FindSnapshot(*snapshot->parent_snapshot_id) : nullptr) {
    if (snapshot->FindSummary(std::string(contract::kSummaryOffsets)) != nullptr) {
      return Error{
          ErrorKind::kConflict,
          fmt::format("another writer moved the table's offsets in snapshot {}", snapshot->snapshot_id),
          "another orchestrator, or a worker by hand with another state_dir, works on this table: "
          "stop one of them"};
    }
    CDC_TRY(RefuseAddedRows(*snapshot, table));
  }
  if (parent && snapshot == nullptr)
    return Error{ErrorKind::kConflict, "another writer committed, and the catalog does not list what"};
  return {};
}

}  // namespace cdc::iceberg_sink
