#include "jobs/worker/position_set.h"

#include <algorithm>

namespace cdc::worker {

PositionSet::PositionSet(std::span<const int64_t> positions) {
  if (positions.empty()) return;
  const int64_t last = *std::max_element(positions.begin(), positions.end());
  words_.resize(static_cast<size_t>(last >> 6) + 1);
  for (const int64_t position : positions)
    words_[static_cast<size_t>(position >> 6)] |= uint64_t{1} << (position & 63);
  for (const uint64_t word : words_) size_ += __builtin_popcountll(word);
}

std::vector<int64_t> PositionSet::ToVector() const {
  std::vector<int64_t> positions;
  positions.reserve(static_cast<size_t>(size_));
  for (size_t i = 0; i < words_.size(); ++i) {
    for (uint64_t rest = words_[i]; rest != 0; rest &= rest - 1)
      positions.push_back(static_cast<int64_t>(i * 64) + __builtin_ctzll(rest));
  }
  return positions;
}

}  // namespace cdc::worker
