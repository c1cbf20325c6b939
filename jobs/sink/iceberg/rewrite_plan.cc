#include "jobs/sink/iceberg/rewrite_plan.h"

#include "lib/iceberg/deletable.h"

namespace cdc::iceberg_sink {
namespace {

std::vector<lake_sink::RewritableFile> Rewritable(const iceberg::LiveFiles& live,
                                                  const SharedDeletes& shared, const RewriteRules& rules) {
  std::vector<lake_sink::RewritableFile> files;
  // One more than is known may speak of any data file.
  if (live.SharedDeletes().size() > shared.files()) return files;
  files.reserve(live.data().size());
  for (const auto& [path, entry] : live.data()) {
    if (rules.only_ours && !iceberg::IsOurDataFile(path)) continue;
    int64_t deleted = shared.CountOf(path);
    for (const auto& deletes : live.DeletesOf(path)) {
      if (iceberg::ReferencedDataFile(deletes->file)) deleted += deletes->file.record_count;
    }
    files.push_back({&path, entry->file.file_size_in_bytes, entry->file.record_count, deleted});
  }
  return files;
}

}  // namespace

std::vector<std::string> PlanRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                     const RewriteRules& rules) {
  return lake_sink::PlanRewrite(Rewritable(live, shared, rules), rules);
}

std::vector<std::string> FilesToRewrite(const iceberg::LiveFiles& live, const SharedDeletes& shared,
                                        const RewriteRules& rules) {
  return lake_sink::FilesToRewrite(Rewritable(live, shared, rules), rules);
}

}  // namespace cdc::iceberg_sink
