#include "orchestrator/troubles.h"

#include <utility>

namespace cdc::orchestrator {

void Troubles::Note(const contract::Verdict& verdict, int64_t now_ms) {
  std::map<Key, uint64_t> before = std::exchange(present_, {});
  for (const contract::Reason& reason : verdict.reasons) {
    Key key{reason.code, reason.table};
    if (present_.contains(key)) continue;  // two tasks of a connector are one trouble
    const auto known = before.find(key);
    if (known == before.end()) {
      const int64_t begin_ms = reason.since_ms > 0 && reason.since_ms < now_ms ? reason.since_ms : now_ms;
      all_.push_back({reason, begin_ms, 0});
      present_.emplace(std::move(key), dropped_ + all_.size() - 1);
      continue;
    }
    // Its text may have numbers that grow.
    if (known->second >= dropped_) all_[known->second - dropped_].reason = reason;
    present_.emplace(std::move(key), known->second);
    before.erase(known);
  }
  for (const auto& [key, number] : before) {
    if (number >= dropped_) all_[number - dropped_].end_ms = now_ms;
  }
  for (; all_.size() > kMost; ++dropped_) all_.pop_front();
}

}  // namespace cdc::orchestrator
