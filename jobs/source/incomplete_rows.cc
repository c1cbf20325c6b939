#include "jobs/source/incomplete_rows.h"

#include <algorithm>
#include <tuple>

namespace cdc::source {

void IncompleteRows::Keep(const kafka::Message& message, uint32_t row) {
  Letter letter = LetterOf(message);
  bytes_ += static_cast<int64_t>(letter.value ? letter.value->size() : 0) + batch_.table.shape().row_bytes;
  kept_[row] = {std::move(letter), batch_.fold.gaps().at(row).key};
}

void IncompleteRows::Clear() {
  kept_.clear();
  bytes_ = 0;
}

std::string IncompleteRows::ReasonFor(uint32_t row) const {
  const auto refused = batch_.fold.refused().find(row);
  if (refused != batch_.fold.refused().end()) return ReasonOf(refused->second, batch_.fold.batch().schema());
  std::string reason = "an unchanged TOAST value was not sent, and the row's old version is not in the table";
  // A row that `where` takes only now.
  if (!batch_.settings.rows.where.empty()) reason += ": with REPLICA IDENTITY FULL at the source it is sent";
  return reason;
}

/// All events that were to be completed from one row are lost with it, not the last one alone.
std::vector<const Letter*> IncompleteRows::LostWith(uint32_t row) const {
  const auto last = kept_.find(row);
  std::vector<const Letter*> lost;
  for (const auto& [other, kept] : kept_) {
    if (last != kept_.end() && kept.origin == last->second.origin) lost.push_back(&kept.letter);
  }
  std::sort(lost.begin(), lost.end(), [](const Letter* a, const Letter* b) {
    return std::tie(a->partition, a->offset) < std::tie(b->partition, b->offset);
  });
  return lost;
}

Status IncompleteRows::Abandon(uint32_t row) {
  Fold& fold = batch_.fold;
  const auto gap = fold.gaps().find(row);
  // A row that has its key again has no cell yet.
  const bool whole = gap != fold.gaps().end() && gap->second.whole;
  const Hash128 key = whole ? gap->second.key : reader_.KeyOfRow(row);
  const std::string reason = ReasonFor(row);
  // A row that only marks another one is nobody's letter where that one is not there.
  if (batch_.settings.stop_on_bad && kept_.contains(row))
    return Error{ErrorKind::kUnsupported, reason, "set on_error = \"dlq\" to put such messages aside"};
  CDC_TRY(refused_.RefuseLate(LostWith(row), reason));
  // Where the table has no row of this key, nothing stale is left for others to be completed from: an event
  // that was sent again after its key had changed must not bar the second half of that change.
  const bool missing = !fold.refused().contains(row) && gap != fold.gaps().end() &&
                       (gap->second.key == key || gap->second.otherwise == key);
  if (!missing) batch_.tainted.Add(key);
  fold.Abandon(key);
  return {};
}

}  // namespace cdc::source
