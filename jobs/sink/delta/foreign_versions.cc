#include "jobs/sink/delta/foreign_versions.h"

#include <fmt/format.h>

#include "lib/delta/file_stats.h"

namespace cdc::delta_sink {

Foreign Judge(const std::vector<delta::Action>& actions,
              const std::function<int64_t(const std::string& log_path)>& rows_before) {
  int64_t more = 0;
  bool files = false, data = false, unknown = false;
  for (const delta::Action& action : actions) {
    if (const auto* add = std::get_if<delta::AddFile>(&action)) {
      files = true;
      if (!add->data_change) continue;
      data = true;
      const int64_t records = delta::RecordsIn(add->stats);
      unknown |= records < 0;
      more += records - (add->vector ? add->vector->cardinality : 0);
    } else if (const auto* gone = std::get_if<delta::RemoveFile>(&action)) {
      files = true;
      if (!gone->data_change) continue;
      data = true;
      const int64_t rows = rows_before(gone->path);
      unknown |= rows < 0;
      more -= rows;
    }
  }
  if (!files) return Foreign::kMetadata;
  if (!data) return Foreign::kMaintained;
  return unknown || more > 0 ? Foreign::kMoreRows : Foreign::kFewerRows;
}

std::string WayOut(const std::string& root) {
  return fmt::format(
      "stop the worker and remove the folder {}: the table is then built anew from the topic's start", root);
}

Error AddedRows(int64_t version, const std::string& root) {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("another writer added rows to the Delta table in {}, in version {}", root, version),
      "stop that writer; then " + WayOut(root)};
}

}  // namespace cdc::delta_sink
