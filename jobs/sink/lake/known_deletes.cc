#include "jobs/sink/lake/known_deletes.h"

#include <utility>

namespace cdc::lake_sink {

const PositionSet* KnownDeletes::Find(const std::string& data_path) const {
  const auto known = known_.find(data_path);
  return known == known_.end() ? nullptr : &known->second;
}

const PositionSet* KnownDeletes::Keep(const std::string& data_path, PositionSet deleted) {
  Forget(data_path);
  bytes_ += deleted.byte_size();
  const PositionSet* kept = &(known_[data_path] = std::move(deleted));
  Limit(data_path);
  return kept;
}

void KnownDeletes::Add(const std::string& data_path, std::span<const int64_t> more) {
  const auto known = known_.find(data_path);
  if (known == known_.end()) return;
  bytes_ -= known->second.byte_size();
  known->second.Add(more);
  bytes_ += known->second.byte_size();
  Limit(data_path);
}

void KnownDeletes::Limit(const std::string& kept) {
  while (bytes_ > max_bytes_ && known_.size() > 1) {
    auto victim = known_.begin();
    if (victim->first == kept) ++victim;
    bytes_ -= victim->second.byte_size();
    known_.erase(victim);
  }
}

void KnownDeletes::Forget(const std::string& data_path) {
  const auto known = known_.find(data_path);
  if (known == known_.end()) return;
  bytes_ -= known->second.byte_size();
  known_.erase(known);
}

void KnownDeletes::ForgetAll() {
  known_.clear();
  bytes_ = 0;
}

}  // namespace cdc::lake_sink
