#include <algorithm>
#include <tuple>

#include "jobs/source/intake.h"

namespace cdc::source {

void Intake::KeepForGaps(const kafka::Message& message, uint32_t row) {
  Letter letter = LetterOf(message);
  kept_bytes_ += static_cast<int64_t>(letter.value ? letter.value->size() : 0) + table_.shape().row_bytes;
  kept_[row] = {std::move(letter), fold_.gaps().at(row).key};
}

Status Intake::AbandonRow(uint32_t row) {
  const auto gap = fold_.gaps().find(row);
  // A row that has its key again has no cell yet.
  const bool whole = gap != fold_.gaps().end() && gap->second.whole;
  const Hash128 key = whole ? gap->second.key : (*row_hasher_)(fold_.batch(), row);
  const auto refused = fold_.refused().find(row);
  const std::string reason =
      refused != fold_.refused().end()
          ? ReasonOf(refused->second, fold_.batch().schema())
          : "an unchanged TOAST value was not sent, and the row's old version is not in the table";
  if (settings_.stop_on_bad)
    return Error{ErrorKind::kUnsupported, reason, "set on_error = \"dlq\" to put such messages aside"};
  // All events that were to be completed from that row are lost with it, not the last one alone.
  const auto last = kept_.find(row);
  std::vector<const Letter*> lost;
  for (const auto& [other, kept] : kept_) {
    if (last != kept_.end() && kept.origin == last->second.origin) lost.push_back(&kept.letter);
  }
  std::sort(lost.begin(), lost.end(), [](const Letter* a, const Letter* b) {
    return std::tie(a->partition, a->offset) < std::tie(b->partition, b->offset);
  });
  for (const Letter* letter : lost) {
    log_.Warn("dead letter partition={} offset={} reason={}", letter->partition, letter->offset, reason);
    CDC_TRY(letters_.Add(*letter, reason));
  }
  // Where the table has no row of this key, nothing stale is left for others to be completed from: an event
  // that was sent again after its key had changed must not bar the second half of that change.
  const bool missing = refused == fold_.refused().end() && gap != fold_.gaps().end() &&
                       (gap->second.key == key || gap->second.otherwise == key);
  if (!missing) tainted_.Add(key);
  fold_.Abandon(key);
  return {};
}

}  // namespace cdc::source
