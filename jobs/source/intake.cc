#include "jobs/source/intake.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::source {
namespace {

std::shared_ptr<const rows::Schema> SchemaOf(const worker::Table& table) {
  auto schema = table.shape().schema;
  return schema != nullptr ? schema : std::make_shared<const rows::Schema>();
}

std::string_view ImageOf(const event::Envelope& envelope) {
  if (!envelope.after.empty()) return envelope.after;
  return envelope.before.empty() ? std::string_view("{}") : envelope.before;
}

/// Whether values that did not change may be missing. The second half of a key change is a create.
bool LacksOldRow(const kafka::Message& message, const event::Envelope& envelope) {
  if (envelope.op == event::Op::kUpdate) return envelope.before.empty();
  return envelope.op == event::Op::kCreate && message.has_headers();
}

/// What a record without a value says.
event::Envelope Tombstone() {
  event::Envelope envelope;
  envelope.is_tombstone = true;
  return envelope;
}

}  // namespace

Intake::Intake(const SourceSettings& settings, worker::Table& table, DeadLetters& letters,
               TaintedKeys& tainted, Mapping* mapping, SourceColumns::Describe describe, const Clock& clock,
               log::Logger log)
    : batch_{settings,
             table,
             tainted,
             clock,
             std::move(log),
             Fold(SchemaOf(table)),
             KeyChanges(table.checkpoint() ? table.checkpoint()->key_changes : contract::KeyChangeState{})},
      event_clock_(settings.rows.event_time, settings.rows.lateness,
                   table.checkpoint() ? table.checkpoint()->event_times : contract::EventTimes()),
      own_events_(batch_),
      refused_(batch_, letters),
      columns_(batch_, mapping, std::move(describe)),
      reader_(batch_, mapping, columns_.declared()),
      shape_(batch_, mapping, columns_, reader_, event_clock_),
      present_(batch_, reader_),
      incomplete_(batch_, reader_, refused_),
      moves_(batch_, reader_, present_, incomplete_),
      dropped_(batch_, reader_, moves_, refused_),
      keyed_(batch_, {reader_, present_, incomplete_, moves_, dropped_}),
      by_content_(batch_, reader_, moves_, dropped_),
      window_counts_(table) {
  if (event_clock_.runs()) envelopes_.KeepMember(event_clock_.reader().member());
  if (auto known = shape_.Known())
    reader_.Learn(std::move(known->columns), std::move(known->row), std::move(known->key));
  reader_.DeriveAnew();
}

// ---- the batch

void Intake::BeginReplay() {
  batch_.replaying = true;
  batch_.changes = KeyChanges({});
}

bool Intake::commits_alone() const {
  return batch_.table.shape().schema == nullptr || !batch_.fold.gaps().empty() || moves_.any_open() ||
         batch_.tainted.has_changes();
}

int64_t Intake::byte_size() const {
  return static_cast<int64_t>(batch_.fold.byte_size()) + by_content_.byte_size() + incomplete_.byte_size();
}

Status Intake::CloseBatch(SteadyTime give_up) {
  // Letters are of the table, however they were read again.
  if (!batch_.replaying) CDC_TRY(own_events_.Judge());
  CDC_TRY(moves_.GiveUp(give_up));
  moves_.SetAside();
  CDC_TRY(moves_.KeepDisplaced());
  if (!batch_.fold.gaps().empty()) {
    CDC_ASSIGN(const std::vector<uint32_t> unknown, batch_.table.FillGaps(&batch_.fold));
    for (const uint32_t row : unknown) CDC_TRY(incomplete_.Abandon(row));
  }
  return refused_.Settle();
}

void Intake::AddTo(Checkpoint* checkpoint) const {
  checkpoint->source_lsn = source_lsn_;
  checkpoint->key_changes = batch_.changes.state();
  checkpoint->event_times = event_clock_.TimesBefore(checkpoint->offsets[batch_.settings.topic]);
}

void Intake::SwapFold(Fold* other) {
  carried_keys_ = batch_.fold.noted_keys();
  std::swap(batch_.fold, *other);
  reader_.DeriveAnew();
}

void Intake::StartBatch() {
  Fold& fold = batch_.fold;
  const auto noted = carried_keys_ != nullptr ? std::exchange(carried_keys_, nullptr) : fold.noted_keys();
  fold.Reset(SchemaOf(batch_.table));
  if (batch_.table.needs_key_values()) fold.KeepKeys(reader_.key_columns());
  if (noted != nullptr) {
    for (const auto& [key, change] : batch_.changes.open()) fold.NoteKey(key, noted->Find(key));
  }
  incomplete_.Clear();
  by_content_.ForgetCounts();
  batch_.changes.CarryOver();
  moves_.TakeIn();
}

// ---- messages

void Intake::NoteEarlier(const kafka::Message& message) {
  const auto value = message.value();
  if (!value || batch_.settings.append) return;
  const auto envelope = envelopes_.Parse(*value);
  if (!envelope) return;
  by_content_.NoteSnapshot(message.partition(), *envelope);
  if (envelope->op == event::Op::kDelete) keyed_.NoteRemoval(message, *envelope);
}

void Intake::NoteSource(const kafka::Message& message) {
  const auto value = message.value();
  if (!value) return;
  const auto envelope = envelopes_.Parse(*value);
  if (!envelope) return;
  if (const auto source = event::ParseSource(envelope->source))
    source_lsn_ = std::max(source_lsn_, source->lsn);
}

Result<Verdict> Intake::Take(const kafka::Message& message, std::span<const kafka::Message> ahead,
                             int32_t partitions) {
  batch_.partitions = partitions;
  refused_.BeginMessage();
  CDC_ASSIGN(const Verdict verdict, TakeOne(message, ahead));
  if (verdict == Verdict::kTaken) refused_.EndMessage();
  return verdict;
}

Result<Verdict> Intake::TakeOne(const kafka::Message& message, std::span<const kafka::Message> ahead) {
  const auto value = message.value();
  const auto envelope = value ? envelopes_.Parse(*value) : Result<event::Envelope>(Tombstone());
  // What is no event is a dead letter of the table that is counted.
  if (!envelope && batch_.settings.rows.counts) return Verdict::kTaken;
  if (!envelope) {
    CDC_TRY(refused_.Refuse(message, Describe(envelope.error())));
    // The change it carried is unknown, and so from here on is the row.
    dropped_.Taint(message);
    return Verdict::kTaken;
  }
  // Whose it is in a topic of several tables, a tombstone does not say.
  if (envelope->is_tombstone)
    return own_events_.shared_topic() ? Verdict::kTaken : keyed_.TakeTombstone(message);
  if (envelope->op == event::Op::kMessage || !own_events_.Take(*envelope)) return Verdict::kTaken;
  refused_.NoteChange();
  own_events_.Count();
  if ((reader_.by_content() || batch_.changes.watches(message.partition())) &&
      moves_.WasApplied(message, *envelope)) {
    if (envelope->op == event::Op::kDelete) keyed_.NoteRemoval(message, *envelope);
    return Verdict::kTaken;
  }
  if (envelope->op == event::Op::kTruncate) return TakeTruncate(message, *envelope);
  return TakeChange(message, *envelope, ahead);
}

Result<Verdict> Intake::TakeChange(const kafka::Message& message, const event::Envelope& envelope,
                                   std::span<const kafka::Message> ahead) {
  const uint32_t row = batch_.fold.batch().rows();
  if (const Status noted = NoteEvent(message, envelope); !noted) {
    if (batch_.settings.rows.counts) return Verdict::kTaken;  // late, or without a time: as what is no event
    return dropped_.Drop(message, row, noted.error().message);
  }
  const auto followed = FollowShape(message, envelope, ahead);
  if (!followed && followed.error().kind == ErrorKind::kBadValue)
    return dropped_.Drop(message, batch_.fold.batch().rows(), followed.error().message);
  if (!followed || *followed == Verdict::kCommitFirst) return followed;
  if (!reader_.ready()) return Verdict::kTaken;  // a removal before the table's first row, or a bad letter
  if (envelope.op == event::Op::kDelete && !batch_.settings.rows.counts) return TakeDelete(message, envelope);
  CDC_ASSIGN(const Verdict taken, TakeRow(message, envelope, ahead));
  if (taken == Verdict::kTaken || !shape_.relearning()) return taken;
  // A column that the plan does not know: learn the shape anew, then read the row again.
  CDC_ASSIGN(const Verdict learnt, FollowShape(message, envelope, ahead));
  if (learnt == Verdict::kCommitFirst) return learnt;
  CDC_ASSIGN(const Verdict again, TakeRow(message, envelope, ahead));
  if (again == Verdict::kTaken || !shape_.relearning()) return again;
  shape_.StopRelearning();
  if (envelope.schema.empty()) return columns_.Untyped(envelope.after, reader_.placeholder());
  return dropped_.Drop(message, batch_.fold.batch().rows(),
                       reader_.rows().error() + " and its schema does not have it");
}

Result<Verdict> Intake::FollowShape(const kafka::Message& message, const event::Envelope& envelope,
                                    std::span<const kafka::Message> ahead) {
  CDC_ASSIGN(ShapeFollower::Followed followed, shape_.Follow(message, envelope, ahead));
  if (!followed.learnt) return followed.verdict;
  if (batch_.fold.batch().shared_schema() != batch_.table.shape().schema) StartBatch();
  reader_.Learn(std::move(followed.learnt->columns), std::move(followed.learnt->row),
                std::move(followed.learnt->key));
  return Verdict::kTaken;
}

/// What expressions and the watermark must know of the event. \return kBadValue: it has no time, or is late
Status Intake::NoteEvent(const kafka::Message& message, const event::Envelope& envelope) {
  OwnCells& own_cells = reader_.own_cells();
  if (!event_clock_.runs() && !batch_.settings.rows.computes() && !own_cells.has_expressions()) return {};
  EventFacts facts{static_cast<char>(envelope.op), std::nullopt, envelope.source,
                   message.timestamp_ms(),         batch_.now(), LacksOldRow(message, envelope)};
  if (event_clock_.runs()) {
    // What was put aside as late is applied all the same when an operator says so.
    CDC_ASSIGN(facts.event_time, batch_.replaying ? event_clock_.reader().Read(envelope)
                                                  : event_clock_.Judge(message.partition(), message.offset(),
                                                                       envelope, moves_.any_open()));
  }
  reader_.event().Set(facts);
  return own_cells.Compute();
}

Result<Verdict> Intake::TakeRow(const kafka::Message& message, const event::Envelope& envelope,
                                std::span<const kafka::Message> ahead) {
  rows::Batch& batch = batch_.fold.batch();
  const uint32_t row = batch.rows();
  const event::RowOutcome outcome = reader_.rows().Decode(ImageOf(envelope), &batch);
  if (outcome == event::RowOutcome::kUnknownColumn) {
    shape_.Relearn();
    return Verdict::kCommitFirst;
  }
  if (outcome == event::RowOutcome::kBadValue) {
    const std::string reason = reader_.rows().error();
    CDC_ASSIGN(const bool learn, shape_.Suspect(envelope, reason, ahead));
    return learn ? Result<Verdict>(Verdict::kCommitFirst) : dropped_.Drop(message, batch.rows(), reason);
  }
  const bool gaps = outcome == event::RowOutcome::kWithGaps;
  if (batch_.settings.rows.counts) return Count(message, envelope, row, gaps);
  reader_.Map(row);
  reader_.own_cells().Fill(row, static_cast<char>(envelope.op), envelope);
  if (batch_.settings.append && reader_.rows().left_out()) {
    batch.Truncate(row);
    return Verdict::kTaken;
  }
  if (reader_.by_content()) {
    CDC_ASSIGN(const auto taken, by_content_.Take(message, envelope, row, gaps));
    return taken ? Result<Verdict>(*taken) : TakeRow(message, envelope, ahead);
  }
  if (!batch_.settings.append) return keyed_.Take(message, envelope, row, gaps);
  if (!gaps) return Verdict::kTaken;
  return dropped_.Drop(message, row,
                       "an unchanged TOAST value was not sent, and an append-only table has no old row");
}

/// One more in the window of the event that `row` was made from.
Result<Verdict> Intake::Count(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                              bool gaps) {
  Fold& fold = batch_.fold;
  if (gaps || reader_.rows().left_out()) {
    fold.batch().Truncate(row);
    return Verdict::kTaken;
  }
  const auto window = window_counts_.Add(row, reader_.key_columns(), reader_.row_hasher(), &fold);
  if (!window && window.error().kind == ErrorKind::kBadValue)
    return dropped_.Drop(message, row, window.error().message);
  if (!window) return window.error();
  reader_.own_cells().Fill(row, static_cast<char>(envelope.op), envelope);
  fold.Upsert(*window, row, false);
  return Verdict::kTaken;
}

Result<Verdict> Intake::TakeDelete(const kafka::Message& message, const event::Envelope& envelope) {
  if (batch_.settings.append) return AppendRemoval(message, envelope);
  return reader_.by_content() ? by_content_.TakeDelete(message, envelope)
                              : keyed_.TakeDelete(message, envelope);
}

Result<Verdict> Intake::TakeTruncate(const kafka::Message& message, const event::Envelope& envelope) {
  if (batch_.settings.rows.counts) return Verdict::kTaken;  // it is no event of a row
  if (batch_.partitions > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format(
            "TRUNCATE at {}[{}]@{}: in a topic of {} partitions nothing says which rows came before it",
            message.topic(), message.partition(), message.offset(), batch_.partitions),
        fmt::format(
            "`cdc adopt {0} --yes` goes on behind it, `cdc reset {0} --yes` rebuilds; or use one partition",
            batch_.settings.table)};
  }
  if (batch_.table.shape().schema == nullptr) return Verdict::kTaken;
  if (batch_.settings.append) return AppendRemoval(message, envelope);
  CDC_TRY(own_events_.CheckTruncated(message, envelope));
  batch_.fold.Truncate();
  batch_.changes.Truncate();
  by_content_.ForgetCounts();
  incomplete_.Clear();
  batch_.tainted.Clear();
  return Verdict::kTaken;
}

/// Append-only tables keep a row for each removal: what the event knows of it, and the operation.
Result<Verdict> Intake::AppendRemoval(const kafka::Message& message, const event::Envelope& envelope) {
  if (!reader_.ready()) return Verdict::kTaken;
  const uint32_t row = batch_.fold.batch().rows();
  std::string_view image = envelope.before;
  event::EnvelopeParser parser;
  if (message.key()) {
    std::string_view schema;
    const auto key = parser.ParseKey(*message.key(), &schema);
    if (!key) return dropped_.Drop(message, row, key.error().message);
    image = *key;
  }
  if (image.empty()) image = "{}";
  const event::RowOutcome outcome = reader_.rows().DecodeOld(image, &batch_.fold.batch());
  if (outcome != event::RowOutcome::kWhole)
    return dropped_.Drop(message, row, "delete: " + reader_.rows().error());
  reader_.Map(row);
  reader_.own_cells().Fill(row, static_cast<char>(envelope.op), envelope);
  return Verdict::kTaken;
}

}  // namespace cdc::source
