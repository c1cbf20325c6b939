#include "jobs/worker/shared_deletes.h"

#include <algorithm>

namespace cdc::worker {

DeletesByFile TakeOwn(DeletesByFile* deletes) {
  using Each = DeletesByFile::iterator;
  std::vector<Each> order;
  int64_t left = 0;
  for (auto each = deletes->begin(); each != deletes->end(); ++each) {
    order.push_back(each);
    left += static_cast<int64_t>(each->second.size());
  }
  std::sort(order.begin(), order.end(), [](const Each& a, const Each& b) {
    return std::pair(b->second.size(), a->first) < std::pair(a->second.size(), b->first);
  });
  DeletesByFile own;
  for (const Each& largest : order) {
    const bool alone = deletes->size() == 1;  // one that is shared with nobody
    if (left <= kMostShared && !alone) break;
    left -= static_cast<int64_t>(largest->second.size());
    own.insert(deletes->extract(largest));
  }
  return own;
}

void AddPositions(std::span<const int64_t> more, std::vector<int64_t>* positions) {
  const auto middle = positions->insert(positions->end(), more.begin(), more.end());
  std::inplace_merge(positions->begin(), middle, positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
}

}  // namespace cdc::worker
