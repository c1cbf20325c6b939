#include "cli/row_verdict.h"

namespace cdc::cli {

const char* ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEqual: return "equal";
    case Verdict::kDiffers: return "differs";
    case Verdict::kBehind: return "behind";
    case Verdict::kMissing: return "missing";
    case Verdict::kAppend: return "append";
    case Verdict::kComputed: return "computed";
    case Verdict::kUnknown: return "unknown";
  }
  return "unknown";
}

Verdict Judge(const RowCounts& now, const std::optional<RowCounts>& before) {
  if (!now.source) return Verdict::kMissing;
  // A difference of nothing is no difference, even if more of what cancels out is on its way.
  if (now.target.value_or(0) == *now.source) return Verdict::kEqual;
  if (now.lag.value_or(0) > 0) return Verdict::kBehind;
  if (before && before->source && before->source != now.source) return Verdict::kBehind;
  return now.target ? Verdict::kDiffers : Verdict::kMissing;
}

std::optional<int64_t> Difference(const RowCounts& counts) {
  if (!counts.source || !counts.target) return std::nullopt;
  return *counts.target - *counts.source;
}

}  // namespace cdc::cli
