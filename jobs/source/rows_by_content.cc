#include "jobs/source/rows_by_content.h"

#include <fmt/format.h>

namespace cdc::source {
namespace {

const char* NameOf(event::Op op) { return op == event::Op::kDelete ? "delete" : "update"; }

}  // namespace

/// How many rows of this content there are now. \return to be kept up to date, until the next call
Result<uint32_t*> RowsByContent::CountOf(const Hash128& content) {
  const auto known = counts_.find(content);
  if (known != counts_.end()) return &known->second;
  uint32_t count = 0;
  if (!batch_.fold.truncated()) {
    CDC_ASSIGN(count, batch_.table.CountRows(content));
  }
  return &(counts_[content] = count);
}

Result<std::optional<Verdict>> RowsByContent::Take(const kafka::Message& message,
                                                   const event::Envelope& envelope, uint32_t row, bool gaps) {
  Fold& fold = batch_.fold;
  // The table's first event has not been asked for: it made the table.
  if (moves_.WasApplied(message, envelope)) {
    fold.batch().Truncate(row);
    return std::optional(Verdict::kTaken);
  }
  if (gaps) {
    CDC_ASSIGN(const Verdict dropped,
               dropped_.Drop(
                   message, row,
                   "an unchanged TOAST value was not sent, and a row without a key cannot be found without "
                   "it: REPLICA IDENTITY FULL"));
    return std::optional(dropped);
  }
  if (envelope.op == event::Op::kRead) CDC_TRY(BeginSnapshot(message, envelope));
  if (fold.batch().rows() <= row) return std::optional<Verdict>();
  const bool left_out = reader_.rows().left_out();
  const Hash128 content = reader_.identity()->ContentOf(fold.batch(), row);
  if (envelope.op == event::Op::kUpdate) {
    CDC_ASSIGN(const auto dropped, Remove(message, envelope));
    if (dropped) {
      fold.batch().Truncate(row);
      return dropped;
    }
  }
  if (left_out) {
    fold.batch().Truncate(row);
    return std::optional(Verdict::kTaken);
  }
  CDC_ASSIGN(uint32_t* const count, CountOf(content));
  fold.Upsert(reader_.identity()->KeyOf(content, (*count)++), row, false);
  return std::optional(Verdict::kTaken);
}

Result<Verdict> RowsByContent::TakeDelete(const kafka::Message& message, const event::Envelope& envelope) {
  CDC_ASSIGN(const auto dropped, Remove(message, envelope));
  return dropped.value_or(Verdict::kTaken);
}

/// \return kUnsupported: the row that is taken away cannot be told
Status RowsByContent::CheckRemoval(const kafka::Message& message, const event::Envelope& envelope) const {
  if (batch_.partitions > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format(
            "{} at {}[{}]@{}: the table has no key, and in a topic of {} partitions nothing says which rows "
            "came before it",
            NameOf(envelope.op), message.topic(), message.partition(), message.offset(), batch_.partitions),
        fmt::format(
            "use one partition, or say key = [\"…\"] in tables.toml under [tables.\"{0}\"]; then `cdc reset "
            "{0} --yes`",
            batch_.settings.table)};
  }
  if (!envelope.before.empty()) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("table {} has no key, and its events do not carry the old row", batch_.settings.table),
      fmt::format(
          "ALTER TABLE … REPLICA IDENTITY FULL at the source; or in tables.toml under [tables.\"{0}\"]: mode "
          "= \"append\" keeps every change as a row, or key = [\"…\"] names columns that identify a row; "
          "then "
          "`cdc reset {0} --yes`",
          batch_.settings.table)};
}

/// Takes one of the rows away that equal the event's `before`. \return a verdict where there is none: the
/// event is a dead letter
Result<std::optional<Verdict>> RowsByContent::Remove(const kafka::Message& message,
                                                     const event::Envelope& envelope) {
  CDC_TRY(CheckRemoval(message, envelope));
  const auto refuse = [&](const std::string& reason) -> Result<std::optional<Verdict>> {
    CDC_ASSIGN(const Verdict refused, dropped_.Refuse(message, NameOf(envelope.op) + reason));
    return std::optional(refused);
  };
  rows::Batch before(batch_.fold.batch().shared_schema());
  if (reader_.rows().Decode(envelope.before, &before) != event::RowOutcome::kWhole)
    return refuse(": the old row: " + reader_.rows().error());
  if (reader_.rows().left_out()) return std::optional<Verdict>();  // it was never in
  std::vector<Hash128> contents = {reader_.identity()->ContentOf(before, 0)};
  const std::vector<Hash128> earlier = reader_.identity()->EarlierContentsOf(before, 0);
  contents.insert(contents.end(), earlier.begin(), earlier.end());
  for (const Hash128& content : contents) {
    CDC_ASSIGN(uint32_t* const count, CountOf(content));
    if (*count == 0) continue;
    batch_.fold.Remove(reader_.identity()->KeyOf(content, --*count));
    return std::optional<Verdict>();
  }
  return refuse(": the table has no row that equals the old one (a table without a key)");
}

/// A snapshot holds all rows of the table, which equal ones of before cannot be told from.
Status RowsByContent::BeginSnapshot(const kafka::Message& message, const event::Envelope& envelope) {
  Fold& fold = batch_.fold;
  const auto source = event::ParseSource(envelope.source);
  const auto before = in_snapshot_.find(message.partition());
  // Of a table with one row the first is the last. What a run does not know of the time before it goes on.
  const bool alone = before != in_snapshot_.end() && !before->second;
  const bool begins =
      source && (source->snapshot.starts_with("first") || (source->snapshot.starts_with("last") && alone));
  NoteSnapshot(message.partition(), envelope);
  const bool anything = batch_.table.checkpoint() || fold.batch().rows() > 1;
  if (!begins || !anything || (fold.truncated() && fold.batch().rows() <= 1)) return {};
  if (batch_.partitions > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format(
            "a snapshot begins again at {}[{}]@{}: the table has no key, and in a topic of {} partitions "
            "nothing says which rows came before it",
            message.topic(), message.partition(), message.offset(), batch_.partitions),
        fmt::format("`cdc reset {} --yes` after making the topic anew; or use one partition",
                    batch_.settings.table)};
  }
  batch_.log.Info("a snapshot of the table begins at offset {}: its rows take the place of those before",
                  message.offset());
  fold.Truncate();
  batch_.changes.Truncate();
  ForgetCounts();
  return {};
}

void RowsByContent::NoteSnapshot(int32_t partition, const event::Envelope& envelope) {
  bool goes_on = false;
  if (envelope.op == event::Op::kRead) {
    const auto source = event::ParseSource(envelope.source);
    goes_on = !source || !source->snapshot.starts_with("last");
  }
  in_snapshot_[partition] = goes_on;
}

}  // namespace cdc::source
