#include "jobs/worker/shared_deletes.h"

#include <algorithm>

namespace cdc::worker {

using parquet::FileDeletes;

std::vector<FileDeletes> SharedChange::After(const SharedDeletes& before) const {
  std::vector<FileDeletes> after;
  after.reserve(before.positions.size() + changed.size());
  auto next = changed.begin();
  const auto add = [&](const auto& each) { after.push_back({each.first, each.second}); };
  for (const auto& each : before.positions) {
    for (; next != changed.end() && next->first < each.first; ++next) add(*next);
    if (next != changed.end() && next->first == each.first)
      add(*next++);
    else if (!dropped.contains(each.first))
      add(each);
  }
  for (; next != changed.end(); ++next) add(*next);
  return after;
}

void SharedChange::ApplyTo(SharedDeletes* deletes) && {
  for (const std::string& data_path : dropped) deletes->positions.erase(data_path);
  for (auto& [data_path, positions] : changed) deletes->positions[data_path] = std::move(positions);
  deletes->files = std::move(files);
}

std::vector<FileDeletes> TakeOwn(std::vector<FileDeletes>* deletes) {
  size_t count = deletes->size();
  int64_t left = 0;
  for (const FileDeletes& each : *deletes) left += static_cast<int64_t>(each.positions.size());
  const auto enough = [&] { return count != 1 && left <= kMostShared; };  // one is shared with nobody
  if (count == 0 || enough()) return {};
  std::vector<const FileDeletes*> heap;
  heap.reserve(count);
  for (const FileDeletes& each : *deletes) heap.push_back(&each);
  const auto after = [](const FileDeletes* a, const FileDeletes* b) {
    return std::pair(a->positions.size(), b->data_file_path) <
           std::pair(b->positions.size(), a->data_file_path);
  };
  std::make_heap(heap.begin(), heap.end(), after);
  std::vector<FileDeletes> own;
  std::set<std::string_view> taken;
  for (; count > 0 && !enough(); --count) {
    std::pop_heap(heap.begin(), heap.end(), after);
    own.push_back(*heap.back());
    heap.pop_back();
    taken.insert(own.back().data_file_path);
    left -= static_cast<int64_t>(own.back().positions.size());
  }
  std::erase_if(*deletes, [&](const FileDeletes& each) { return taken.contains(each.data_file_path); });
  return own;
}

void AddPositions(std::span<const int64_t> more, std::vector<int64_t>* positions) {
  const auto middle = positions->insert(positions->end(), more.begin(), more.end());
  std::inplace_merge(positions->begin(), middle, positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
}

}  // namespace cdc::worker
