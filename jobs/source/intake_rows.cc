#include <fmt/format.h>

#include "jobs/source/intake.h"

namespace cdc::source {
namespace {

using Verdict = Intake::Verdict;

}  // namespace

/// How many rows of this content there are now. \return to be kept up to date, until the next call
Result<uint32_t*> Intake::CountOf(const Hash128& content) {
  const auto known = counts_.find(content);
  if (known != counts_.end()) return &known->second;
  uint32_t count = 0;
  if (!fold_.truncated()) {
    CDC_ASSIGN(count, table_.CountRows(content));
  }
  return &(counts_[content] = count);
}

/// A row of a table without a key: one more of its content. An update takes the row away that it replaces.
Result<Verdict> Intake::TakeByContent(const kafka::Message& message, const event::Envelope& envelope,
                                      uint32_t row, bool gaps) {
  // The table's first event has not been asked for: it made the table.
  if (WasApplied(message, envelope)) {
    fold_.batch().Truncate(row);
    return Verdict::kTaken;
  }
  if (gaps) {
    return DropRow(
        message, row,
        "an unchanged TOAST value was not sent, and a row without a key cannot be found without it: "
        "REPLICA IDENTITY FULL");
  }
  if (envelope.op == event::Op::kRead) CDC_TRY(BeginSnapshot(message, envelope));
  // A snapshot that begins empties the batch: the row is decoded once more.
  if (fold_.batch().rows() <= row) return TakeRow(message, envelope);
  const bool left_out = rows_->left_out();
  const Hash128 content = identity_->ContentOf(fold_.batch(), row);
  if (envelope.op == event::Op::kUpdate) {
    CDC_ASSIGN(const auto dropped, RemoveByContent(message, envelope));
    if (dropped) {
      fold_.batch().Truncate(row);
      return *dropped;
    }
  }
  if (left_out) {
    fold_.batch().Truncate(row);
    return Verdict::kTaken;
  }
  CDC_ASSIGN(uint32_t* const count, CountOf(content));
  fold_.Upsert(identity_->KeyOf(content, (*count)++), row, false);
  return Verdict::kTaken;
}

/// Takes one of the rows away that equal the event's `before`. \return a verdict where there is none: the
/// event is a dead letter
Result<std::optional<Verdict>> Intake::RemoveByContent(const kafka::Message& message,
                                                       const event::Envelope& envelope) {
  const char* const what = envelope.op == event::Op::kDelete ? "delete" : "update";
  if (partitions_ > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("{} at {}[{}]@{}: the table has no key, and in a topic of {} partitions nothing says "
                    "which rows came before it",
                    what, message.topic(), message.partition(), message.offset(), partitions_),
        fmt::format("use one partition, or say key = [\"…\"] in tables.toml under [tables.\"{0}\"]; then "
                    "`cdc reset {0} --yes`",
                    settings_.table)};
  }
  if (envelope.before.empty()) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("table {} has no key, and its events do not carry the old row", settings_.table),
        fmt::format("ALTER TABLE … REPLICA IDENTITY FULL at the source; or in tables.toml under "
                    "[tables.\"{0}\"]: mode = \"append\" keeps every change as a row, or key = [\"…\"] names "
                    "columns that identify a row; then `cdc reset {0} --yes`",
                    settings_.table)};
  }
  rows::Batch before(fold_.batch().shared_schema());
  if (rows_->Decode(envelope.before, &before) != event::RowOutcome::kWhole) {
    CDC_TRY(Bad(message, fmt::format("{}: the old row: {}", what, rows_->error())));
    return std::optional(Verdict::kTaken);
  }
  if (rows_->left_out()) return std::optional<Verdict>();  // it was never in
  std::vector<Hash128> contents = {identity_->ContentOf(before, 0)};
  const std::vector<Hash128> earlier = identity_->EarlierContentsOf(before, 0);
  contents.insert(contents.end(), earlier.begin(), earlier.end());
  for (const Hash128& content : contents) {
    CDC_ASSIGN(uint32_t* const count, CountOf(content));
    if (*count == 0) continue;
    fold_.Remove(identity_->KeyOf(content, --*count));
    return std::optional<Verdict>();
  }
  CDC_TRY(Bad(message,
              fmt::format("{}: the table has no row that equals the old one (a table without a key)", what)));
  return std::optional(Verdict::kTaken);
}

/// A snapshot holds all rows of the table, which equal ones of before cannot be told from.
Status Intake::BeginSnapshot(const kafka::Message& message, const event::Envelope& envelope) {
  const auto source = event::ParseSource(envelope.source);
  const auto before = in_snapshot_.find(message.partition());
  // Of a table with one row the first is the last. What a run does not know of the time before it goes on.
  const bool alone = before != in_snapshot_.end() && !before->second;
  const bool begins =
      source && (source->snapshot.starts_with("first") || (source->snapshot.starts_with("last") && alone));
  NoteSnapshot(message.partition(), envelope);
  const bool anything = table_.checkpoint() || fold_.batch().rows() > 1;
  if (!begins || !anything || (fold_.truncated() && fold_.batch().rows() <= 1)) return {};
  if (partitions_ > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("a snapshot begins again at {}[{}]@{}: the table has no key, and in a topic of {} "
                    "partitions nothing says which rows came before it",
                    message.topic(), message.partition(), message.offset(), partitions_),
        fmt::format("`cdc reset {} --yes` after making the topic anew; or use one partition",
                    settings_.table)};
  }
  log_.Info("a snapshot of the table begins at offset {}: its rows take the place of those before",
            message.offset());
  fold_.Truncate();
  changes_.Truncate();
  counts_.clear();
  return {};
}

void Intake::NoteSnapshot(int32_t partition, const event::Envelope& envelope) {
  bool goes_on = false;
  if (envelope.op == event::Op::kRead) {
    const auto source = event::ParseSource(envelope.source);
    goes_on = !source || !source->snapshot.starts_with("last");
  }
  in_snapshot_[partition] = goes_on;
}

}  // namespace cdc::source
