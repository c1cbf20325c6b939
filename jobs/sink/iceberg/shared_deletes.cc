#include "jobs/sink/iceberg/shared_deletes.h"

#include <algorithm>
#include <utility>

namespace cdc::iceberg_sink {

using parquet::FileDeletes;

namespace {

/// What `level` says of a data file, and `more`.
LevelChange::Now Joined(const DeleteLevel& level, std::string_view data_path, std::span<const int64_t> more) {
  const auto of_file = level.positions.find(data_path);
  if (of_file == level.positions.end()) return {data_path, {more.begin(), more.end()}};
  return {data_path, Union(of_file->second, more)};
}

LevelChange Dropping(std::span<const std::string> gone, const DeleteLevel& level) {
  LevelChange change;
  for (const std::string& path : gone) {
    const auto of_file = level.positions.find(path);
    if (of_file != level.positions.end()) change.dropped.insert(of_file->first);
  }
  return change;
}

int64_t CountOf(const std::vector<FileDeletes>& deletes) {
  int64_t count = 0;
  for (const FileDeletes& each : deletes) count += static_cast<int64_t>(each.positions.size());
  return count;
}

void Replace(const DeleteLevel& level, SharedChange* change) {
  change->replaced.insert(change->replaced.end(), level.files.begin(), level.files.end());
}

/// All of `more` goes to the settled ones, and the recent ones with it.
void PlanSettling(const SharedDeletes& now, std::span<const FileDeletes> more, bool split,
                  LevelChange settled, SharedChange* change) {
  for (const FileDeletes& each : more)
    settled.changed.push_back(Joined(now.settled, each.data_file_path, each.positions));
  change->settled = std::move(settled);
  change->settled_file = change->settled->After(now.settled);
  change->own = split ? std::exchange(change->settled_file, {}) : TakeOwn(&change->settled_file);
  for (const FileDeletes& each : change->own) change->settled->dropped.insert(each.data_file_path);
  Replace(now.settled, change);
  Replace(now.recent, change);
}

}  // namespace

bool SharedDeletes::Has(const std::string& path) const {
  const auto in = [&](const DeleteLevel& level) {
    return std::find(level.files.begin(), level.files.end(), path) != level.files.end();
  };
  return in(settled) || in(recent);
}

int64_t SharedDeletes::CountOf(const std::string& data_path) const {
  int64_t count = 0;
  EachOf(data_path, [&](std::span<const int64_t> some) { count += static_cast<int64_t>(some.size()); });
  return count;
}

std::vector<FileDeletes> LevelChange::After(const DeleteLevel& before) const {
  std::vector<FileDeletes> after;
  after.reserve(before.positions.size() + changed.size());
  auto next = changed.begin();
  const auto add_next = [&] { after.push_back({next->data_path, next->positions}), ++next; };
  for (const auto& [data_path, positions] : before.positions) {
    while (next != changed.end() && next->data_path < data_path) add_next();
    if (next != changed.end() && next->data_path == data_path)
      add_next();
    else if (!emptied && !dropped.contains(data_path))
      after.push_back({data_path, positions});
  }
  while (next != changed.end()) add_next();
  return after;
}

void LevelChange::ApplyTo(DeleteLevel* level) && {
  if (emptied) level->positions.clear();
  for (Now& now : changed) {
    if (dropped.contains(now.data_path)) continue;
    const auto of_file = level->positions.find(now.data_path);
    if (of_file != level->positions.end())
      of_file->second = std::move(now.positions);
    else
      level->positions.emplace(now.data_path, std::move(now.positions));
  }
  for (const std::string_view data_path : dropped) {
    const auto of_file = level->positions.find(data_path);
    if (of_file != level->positions.end()) level->positions.erase(of_file);
  }
  level->files = std::move(files);
}

std::vector<FileDeletes> TakeOwn(std::vector<FileDeletes>* deletes) {
  size_t count = deletes->size();
  int64_t left = 0;
  for (const FileDeletes& each : *deletes) left += static_cast<int64_t>(each.positions.size());
  const auto enough = [&] { return count != 1 && left <= kMaxShared; };  // one is shared with nobody
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

SharedChange PlanShared(const SharedDeletes& now, std::span<const std::string> gone,
                        const DeletesByFile& more, bool split) {
  SharedChange change;
  LevelChange settled = Dropping(gone, now.settled), recent = Dropping(gone, now.recent);
  if (!split && more.empty() && settled.dropped.empty() && recent.dropped.empty()) return change;
  for (const auto& [path, positions] : more) recent.changed.push_back(Joined(now.recent, path, positions));
  std::vector<FileDeletes> after = recent.After(now.recent);
  // A delete file that speaks of one data file alone is that one's own. Several settled files are what
  // another run or another engine left.
  const bool few = after.size() != 1 && CountOf(after) <= kMaxRecent;
  if (few && !split && settled.dropped.empty() && now.settled.files.size() <= 1) {
    Replace(now.recent, &change);
    change.recent = std::move(recent);
    change.recent_file = std::move(after);
    return change;
  }
  PlanSettling(now, after, split, std::move(settled), &change);
  change.recent.emplace().emptied = true;
  return change;
}

void SharedChange::ApplyTo(SharedDeletes* deletes) && {
  if (settled) std::move(*settled).ApplyTo(&deletes->settled);
  if (recent) std::move(*recent).ApplyTo(&deletes->recent);
}

std::vector<int64_t> Union(std::span<const int64_t> a, std::span<const int64_t> b) {
  std::vector<int64_t> all(a.size() + b.size());
  all.erase(std::set_union(a.begin(), a.end(), b.begin(), b.end(), all.begin()), all.end());
  return all;
}

}  // namespace cdc::iceberg_sink
