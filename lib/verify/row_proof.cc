#include "lib/verify/row_proof.h"

#include <map>

namespace cdc::verify {
namespace {

/// A key that differed at the last look.
struct Suspect {
  KeyDifference seen;
  Coverage coverage = Coverage::kNo;
  int looks = 1;  ///< that were alike, one after the other, when the target had all records that there were
};

class Prover {
 public:
  Prover(const ProofPorts& ports, const Plan& plan, const ProofLimits& limits)
      : ports_(ports), plan_(plan), limits_(limits) {}

  Result<Proof> Run() {
    CDC_ASSIGN(pair_, ports_.open(false));
    CDC_ASSIGN(const auto sums, Both<Buckets>("comparing", [](Side* side, Progress* progress) {
                 return side->Sums(progress);
               }));
    const auto& [source, target] = sums;
    for (const Bucket& bucket : source) proof_.source_rows += bucket.rows;
    for (const Bucket& bucket : target) proof_.target_rows += bucket.rows;
    for (size_t next = 0; next < source.size();) {
      const BucketSlice slice = ChooseBuckets(source, target, next, limits_.marks);
      if (slice.chosen == 0) break;
      if (next > 0 && proof_.differences >= static_cast<int64_t>(limits_.rows)) {
        proof_.more = true;
        break;
      }
      CDC_TRY(Settle(slice.buckets));
      next = slice.next;
    }
    return std::move(proof_);
  }

 private:
  template <typename T, typename Ask>
  Result<std::pair<T, T>> Both(const std::string& what, const Ask& ask) {
    Progress source, target;
    std::optional<Result<T>> of_source, of_target;
    ports_.both(
        what, &source, &target, [&] { of_source.emplace(ask(pair_.source.get(), &source)); },
        [&] { of_target.emplace(ask(pair_.target.get(), &target)); });
    if (!*of_source) return of_source->error();
    if (!*of_target) return of_target->error();
    return std::pair<T, T>(std::move(**of_source), std::move(**of_target));
  }

  Result<std::vector<KeyDifference>> Look(const std::vector<bool>& buckets) {
    CDC_ASSIGN(auto marks, Both<std::vector<RowMark>>("narrowing", [&](Side* side, Progress* progress) {
                 return side->Marks(buckets, progress);
               }));
    return Compare(std::move(marks.first), std::move(marks.second));
  }

  /// Looks at the buckets' rows again and again, until each was equal once or is certainly different.
  Status Settle(const std::vector<bool>& buckets) {
    CDC_ASSIGN(auto found, Look(buckets));
    std::map<int64_t, Suspect> suspects;
    for (KeyDifference& difference : found) {
      const int64_t key = difference.key;
      suspects[key] = {std::move(difference), pair_.coverage, 1};
    }
    while (!suspects.empty() && !ports_.is_time_up()) {
      pair_ = {};
      CDC_ASSIGN(pair_, ports_.open(true));
      ++proof_.rounds;
      CDC_ASSIGN(found, Look(buckets));
      CDC_TRY(Judge(std::move(found), &suspects));
    }
    return GiveUp(suspects);
  }

  /// Keeps what differs still, and reports what is certain.
  ///
  /// A row that nobody wrote at the source between two looks was the same all the time. If the target had
  /// every change of the first look's moment, it must have shown that row then, however many later changes it
  /// had, too: it was read before the second look.
  Status Judge(std::vector<KeyDifference> found, std::map<int64_t, Suspect>* suspects) {
    std::map<int64_t, Suspect> left;
    std::vector<KeyDifference> certain;
    for (KeyDifference& now : found) {
      const auto suspect = suspects->find(now.key);
      if (suspect == suspects->end()) continue;  // it was equal before
      const Suspect& before = suspect->second;
      const bool alike = IsUnchanged(before.seen, now);
      if (alike && before.coverage == Coverage::kProven) {
        certain.push_back(std::move(now));
        continue;
      }
      const int64_t key = now.key;
      const bool goes_on = alike && before.coverage != Coverage::kNo;
      left[key] = {std::move(now), pair_.coverage, goes_on ? before.looks + 1 : 1};
    }
    *suspects = std::move(left);
    return Report(certain);
  }

  /// Time is up. What was the same in two looks, with nothing on its way, differs as far as anybody can tell.
  Status GiveUp(const std::map<int64_t, Suspect>& suspects) {
    std::vector<KeyDifference> likely;
    for (const auto& [key, suspect] : suspects) {
      if (suspect.coverage != Coverage::kNo && (suspect.looks > 1 || proof_.rounds == 1))
        likely.push_back(suspect.seen);
      else
        ++proof_.unsettled;
    }
    if (!likely.empty()) proof_.proven = false;
    return Report(likely);
  }

  /// \param certain of the present pair
  Status Report(const std::vector<KeyDifference>& certain) {
    std::vector<Place> at_source, at_target;
    std::vector<RowDifference> rows;
    for (const KeyDifference& difference : certain) {
      ++proof_.differences;
      if (proof_.rows.size() + rows.size() >= limits_.rows) continue;
      RowDifference row;
      row.kind = KindOf(difference, !plan_.key.empty());
      row.source_rows = difference.source.size();
      row.target_rows = difference.target.size();
      if (!difference.source.empty()) at_source.push_back(difference.source.front().place);
      if (!difference.target.empty()) at_target.push_back(difference.target.front().place);
      rows.push_back(std::move(row));
    }
    CDC_ASSIGN(auto source, pair_.source->Texts(at_source));
    CDC_ASSIGN(auto target, pair_.target->Texts(at_target));
    auto next_source = source.begin(), next_target = target.begin();
    for (RowDifference& row : rows) {
      if (row.source_rows > 0) row.source = std::move(*next_source++);
      if (row.target_rows > 0) row.target = std::move(*next_target++);
      proof_.rows.push_back(std::move(row));
    }
    return {};
  }

  const ProofPorts& ports_;
  const Plan& plan_;
  const ProofLimits& limits_;
  Pair pair_;
  Proof proof_;
};

}  // namespace

Result<Proof> Prove(const ProofPorts& ports, const Plan& plan, const ProofLimits& limits) {
  return Prover(ports, plan, limits).Run();
}

std::vector<size_t> DifferingColumns(const RowDifference& row) {
  std::vector<size_t> columns;
  if (row.source.size() != row.target.size()) return columns;
  for (size_t i = 0; i < row.source.size(); ++i) {
    if (row.source[i] != row.target[i]) columns.push_back(i);
  }
  return columns;
}

}  // namespace cdc::verify
