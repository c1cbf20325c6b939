#include <algorithm>

#include "lib/iceberg/snapshot_summary_internal.h"

namespace cdc::iceberg {
namespace {

using Entries = std::vector<LiveFiles::Entry>;

LiveTotals Sum(const Entries& entries) {
  LiveTotals sum;
  for (const LiveFiles::Entry& entry : entries) {
    const DataFile& file = entry->file;
    sum.bytes += file.file_size_in_bytes;
    switch (file.content) {
      case FileContent::kData:
        ++sum.data_files;
        sum.records += file.record_count;
        break;
      case FileContent::kPositionDeletes:
        ++sum.delete_files;
        sum.position_deletes += file.record_count;
        break;
      case FileContent::kEqualityDeletes:
        ++sum.delete_files;
        sum.equality_deletes += file.record_count;
        break;
    }
  }
  return sum;
}

int64_t CountOf(const Entries& entries, FileContent content) {
  return std::count_if(entries.begin(), entries.end(),
                       [&](const LiveFiles::Entry& e) { return e->file.content == content; });
}

}  // namespace

std::string OperationOf(const Entries& added, const Entries& removed) {
  const int64_t data = CountOf(added, FileContent::kData);
  const bool only_data_added = static_cast<size_t>(data) == added.size() && removed.empty();
  if (only_data_added) return "append";
  return data == 0 ? "delete" : "overwrite";
}

std::map<std::string, std::string> SummaryCounters(const LiveTotals& before, const Entries& added,
                                                   const Entries& removed) {
  std::map<std::string, std::string> out;
  const auto some = [&](const char* key, int64_t n) {
    if (n != 0) out[key] = std::to_string(n);
  };
  const LiveTotals plus = Sum(added);
  const LiveTotals minus = Sum(removed);
  some("added-data-files", plus.data_files);
  some("deleted-data-files", minus.data_files);
  some("added-delete-files", plus.delete_files);
  some("removed-delete-files", minus.delete_files);
  some("added-position-delete-files", CountOf(added, FileContent::kPositionDeletes));
  some("removed-position-delete-files", CountOf(removed, FileContent::kPositionDeletes));
  some("removed-equality-delete-files", CountOf(removed, FileContent::kEqualityDeletes));
  some("added-records", plus.records);
  some("deleted-records", minus.records);
  some("added-files-size", plus.bytes);
  some("removed-files-size", minus.bytes);
  some("added-position-deletes", plus.position_deletes);
  some("removed-position-deletes", minus.position_deletes);
  some("removed-equality-deletes", minus.equality_deletes);
  out["changed-partition-count"] = added.empty() && removed.empty() ? "0" : "1";
  out["total-records"] = std::to_string(before.records + plus.records - minus.records);
  out["total-data-files"] = std::to_string(before.data_files + plus.data_files - minus.data_files);
  out["total-delete-files"] = std::to_string(before.delete_files + plus.delete_files - minus.delete_files);
  out["total-files-size"] = std::to_string(before.bytes + plus.bytes - minus.bytes);
  out["total-position-deletes"] =
      std::to_string(before.position_deletes + plus.position_deletes - minus.position_deletes);
  out["total-equality-deletes"] =
      std::to_string(before.equality_deletes + plus.equality_deletes - minus.equality_deletes);
  return out;
}

}  // namespace cdc::iceberg
