#include "jobs/sink/lake/delete_plan.h"

#include <iterator>
#include <unordered_map>
#include <utility>

namespace cdc::lake_sink {
namespace {

/// Deletes of one data file, in a commit that touches many of them.
constexpr size_t kUsualDeletes = 16;

}  // namespace

void GroupByFile(std::span<const index::Location> superseded,
                 const std::function<const std::string*(uint32_t file)>& path_of, DeletesByFile* deletes) {
  std::unordered_map<uint32_t, std::vector<int64_t>> by_file;
  for (const index::Location& old : superseded) {
    std::vector<int64_t>& positions = by_file[old.file];
    if (positions.empty()) positions.reserve(kUsualDeletes);
    positions.push_back(old.position);
  }
  for (auto& [file, positions] : by_file) {
    const std::string* path = path_of(file);
    if (path == nullptr) continue;
    std::vector<int64_t>& of_file = (*deletes)[*path];
    if (of_file.empty())
      of_file = std::move(positions);
    else
      of_file.insert(of_file.end(), positions.begin(), positions.end());
  }
}

Result<DeletePlan> PlanDeletes(
    DeletesByFile* deletes,
    const std::function<Result<const PositionSet*>(const std::string& data_path)>& deleted,
    const std::function<int64_t(const std::string& data_path)>& rows_of) {
  DeletePlan plan;
  for (auto each = deletes->begin(); each != deletes->end();) {
    auto& [data_path, positions] = *each;
    CDC_ASSIGN(const PositionSet* before, deleted(data_path));
    SortPositions(&positions);
    std::erase_if(positions, [&](int64_t position) { return before->Has(position); });
    const auto count = static_cast<int64_t>(positions.size());
    plan.rows += count;
    const bool emptied = before->size() + count == rows_of(data_path);
    if (emptied) plan.emptied.push_back(data_path);
    each = emptied || count == 0 ? deletes->erase(each) : std::next(each);
  }
  return plan;
}

}  // namespace cdc::lake_sink
