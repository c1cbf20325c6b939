#include "jobs/run/replay_batch.h"

#include <fmt/format.h>

namespace cdc::run {

ReplayBatch::ReplayBatch(Checkpoint checkpoint, bool rehearse, int64_t batch_bytes)
    : checkpoint_(std::move(checkpoint)),
      rehearse_(rehearse),
      batch_bytes_(batch_bytes),
      letters_([this](const Letter& letter, const std::string& reason) {
        const LetterPlace place{letter.partition, letter.offset};
        taken_.erase(place);
        outcome_.still_bad[place] = reason;
      }) {}

Status ReplayBatch::Run(const Ports& ports, const std::vector<const ReplayLetter*>& letters,
                        int32_t partitions) {
  std::vector<kafka::Message> messages;
  for (const ReplayLetter* letter : letters) messages.push_back(kafka::Message::Of(letter->record));
  const std::span<const kafka::Message> all(messages);
  ports.intake.BeginPoll();
  for (size_t i = 0; i < all.size(); ++i) {
    // Before it is taken: it may be told bad at once.
    const LetterPlace place{all[i].partition(), all[i].offset()};
    taken_.insert(place);
    CDC_ASSIGN(Verdict verdict, ports.intake.Take(all[i], all.subspan(i), partitions));
    if (verdict == Verdict::kCommitFirst) {
      taken_.erase(place);
      CDC_TRY(Commit(ports));
      taken_.insert(place);
      CDC_ASSIGN(verdict, ports.intake.Take(all[i], all.subspan(i), partitions));
      if (verdict == Verdict::kCommitFirst) {
        return Error{ErrorKind::kUnsupported, fmt::format("the schema of the dead letter {}[{}]@{} cannot be "
                                                          "followed",
                                                          all[i].topic(), place.first, place.second)};
      }
    }
    if (ports.intake.byte_size() >= batch_bytes_) CDC_TRY(Commit(ports));
  }
  return Commit(ports);
}

/// As the loop does it, but for the offsets.
Status ReplayBatch::Commit(const Ports& ports) {
  // The second half of a key change that is not among the letters was applied long ago.
  CDC_TRY(ports.intake.CloseBatch(SteadyTime::max()));
  if (!rehearse_) CDC_TRY(ports.tainted.SaveBeforeCommit());
  if (taken_.empty()) {
    ports.intake.StartBatch();
    return {};
  }
  Checkpoint next = checkpoint_;
  for (const LetterPlace& place : taken_) {
    next.replayed.Add(place.first, place.second);
    next.passed_over.Remove(place.first, place.second);
  }
  next.replayed.Bound(contract::kMostRecordRanges);
  CDC_ASSIGN(const Committed committed, ports.table.Commit({ports.intake.fold(), next}));
  checkpoint_ = std::move(next);
  outcome_.applied.insert(outcome_.applied.end(), taken_.begin(), taken_.end());
  outcome_.rows += committed.rows;
  outcome_.deletes += committed.deletes;
  outcome_.snapshot_id = committed.snapshot_id;
  taken_.clear();
  if (!rehearse_) CDC_TRY(ports.tainted.SaveAfterCommit());
  ports.intake.StartBatch();
  return {};
}

}  // namespace cdc::run
