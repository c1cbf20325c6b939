#include "jobs/source/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lib/contract/names.h"

namespace cdc::source {
namespace {

using Verdict = Intake::Verdict;

std::shared_ptr<const rows::Schema> SchemaOf(const worker::Table& table) {
  auto schema = table.shape().schema;
  return schema != nullptr ? schema : std::make_shared<const rows::Schema>();
}

std::string_view ImageOf(const event::Envelope& envelope) {
  if (!envelope.after.empty()) return envelope.after;
  return envelope.before.empty() ? std::string_view("{}") : envelope.before;
}

struct Programs {
  std::unique_ptr<RowProgram> row, key;
};

/// Those that an earlier run had; nothing: not enough is known, and the first event will tell.
Programs ProgramOfKnown(const SourceSettings& settings, const Declarations& declared, const rows::Schema& known,
                        const rows::Schema& table, const std::vector<std::string>& key) {
  std::vector<std::string> names;
  for (const rows::Field& field : known.fields) names.push_back(field.name);
  const auto columns = ColumnsOfNames(names, {}, declared, &known);
  if (!columns || columns->empty()) return {};
  auto program = RowProgram::Compile(settings.rows, *columns, settings.table);
  if (!program || !(*program)->Bind(table, key)) return {};
  Programs programs;
  if (!settings.rows.counts) {
    auto of_key = (*program)->CompileKey(key);
    if (!of_key) return {};
    programs.key = std::move(*of_key);
  }
  programs.row = std::move(*program);
  return programs;
}

/// Whether values that did not change may be missing. The second half of a key change is a create.
bool LacksOldRow(const kafka::Message& message, const event::Envelope& envelope) {
  if (envelope.op == event::Op::kUpdate) return envelope.before.empty();
  return envelope.op == event::Op::kCreate && message.has_headers();
}

}  // namespace

Intake::Intake(const SourceSettings& settings, worker::Table& table, DeadLetters& letters, TaintedKeys& tainted,
               Mapping* mapping, std::function<Result<SourceDescription>()> describe, const Clock& clock,
               log::Logger log)
    : settings_(settings),
      table_(table),
      letters_(letters),
      tainted_(tainted),
      mapping_(mapping),
      describe_(std::move(describe)),
      clock_(clock),
      log_(std::move(log)),
      declared_(settings.declared),
      placeholder_(settings.declared.handling.unavailable_placeholder),
      fold_(SchemaOf(table)),
      event_(settings.bare_name, settings.pipeline),
      event_clock_(settings.rows.event_time, settings.rows.lateness,
                   table.checkpoint() ? table.checkpoint()->event_times : contract::EventTimes()),
      event_columns_(settings.own_columns, &event_),
      known_columns_(settings.rows.computes() ? settings.index_folder / kColumnsFile : std::filesystem::path()),
      window_counts_(table),
      changes_(table.checkpoint() ? table.checkpoint()->key_changes : contract::KeyChangeState{}),
      streak_(LetterStreak::Load(settings.index_folder / kStreakFile)) {
  declared_.as_text = table_.needs_source_types();
  event_.Need(FunctionsOf(settings_.rows));
  if (event_clock_.runs()) envelopes_.KeepMember(event_clock_.reader().member());
  std::error_code ignored;
  shared_topic_ =
      !settings_.takes_all && std::filesystem::exists(settings_.index_folder / kSharedTopicFile, ignored);
  if (const auto schema = table_.shape().schema; schema != nullptr && !settings_.rows.computes()) {
    // A tombstone, a TRUNCATE or a broken message may come before the first event that says how rows are
    // written.
    std::vector<std::string> names;
    for (const rows::Field& field : SourceFields(*schema).fields) names.push_back(declared_.SourceOf(field.name));
    auto columns = ColumnsOfNames(names, {}, declared_, schema.get());
    if (columns) MakeDecoders(std::move(*columns));
  } else if (schema != nullptr) {
    // The same of a table whose columns do not show the source's.
    auto found = ProgramOfKnown(settings_, declared_, known_columns_.schema(), *schema, table_.shape().key);
    if (found.row != nullptr) {
      program_ = std::move(found.row);
      key_program_ = std::move(found.key);
      MakeDecoders(program_->outputs());
    }
  }
  DeriveAnew();
}

void Intake::DeriveAnew() {
  if (program_ != nullptr) fold_.SetRederive({}, program_->computed_columns());
  if (mapping_ == nullptr) return;
  fold_.SetRederive([this](rows::Batch* batch, uint32_t row) {
    for (const int at : derived_columns_) {
      if (at >= 0) batch->column(static_cast<size_t>(at)).Truncate(row);
    }
    mapping_->Map(batch, row, derived_columns_);
  });
}

void Intake::AddTo(Checkpoint* checkpoint) const {
  checkpoint->source_lsn = source_lsn_;
  checkpoint->key_changes = changes_.state();
  checkpoint->event_times = event_clock_.TimesBefore(checkpoint->offsets[settings_.topic]);
}

void Intake::SwapFold(Fold* other) {
  carried_keys_ = fold_.noted_keys();
  std::swap(fold_, *other);
  DeriveAnew();
}

void Intake::StartBatch() {
  const auto noted = carried_keys_ != nullptr ? std::exchange(carried_keys_, nullptr) : fold_.noted_keys();
  fold_.Reset(SchemaOf(table_));
  if (table_.needs_key_values()) fold_.KeepKeys(key_columns_);
  if (noted != nullptr) {
    for (const auto& [key, change] : changes_.open()) fold_.NoteKey(key, noted->Find(key));
  }
  kept_.clear();
  kept_bytes_ = 0;
  counts_.clear();
  changes_.CarryOver();
  TakeInKeyChanges();
}

bool Intake::has_changes() const {
  return fold_.truncated() || fold_.batch().rows() > 0 || fold_.slots().size() > changes_.open().size();
}

Result<Verdict> Intake::TakeOne(const kafka::Message& message, std::span<const kafka::Message> ahead,
                                int32_t partitions) {
  partitions_ = partitions;
  const auto value = message.value();
  if (!value) return TakeTombstone(message);
  const auto envelope = envelopes_.Parse(*value);
  // What is no event is a dead letter of the table that is counted.
  if (!envelope && settings_.rows.counts) return Verdict::kTaken;
  if (!envelope) {
    CDC_TRY(Bad(message, Describe(envelope.error())));
    // The change it carried is unknown, and so from here on is the row.
    Taint(message);
    return Verdict::kTaken;
  }
  if (envelope->is_tombstone) return TakeTombstone(message);
  if (envelope->op == event::Op::kMessage || !IsOurs(*envelope)) return Verdict::kTaken;
  is_change_ = true;
  ++own_;
  if ((by_content() || changes_.watches(message.partition())) && WasApplied(message, *envelope))
    return Verdict::kTaken;
  if (envelope->op == event::Op::kTruncate) return TakeTruncate(message, *envelope, partitions);
  if (const Status noted = NoteEvent(message, *envelope); !noted) {
    if (settings_.rows.counts) return Verdict::kTaken;  // late, or without a time: as above
    return DropRow(message, fold_.batch().rows(), noted.error().message);
  }

  ahead_ = ahead;
  const auto followed = FollowShape(message, *envelope, ahead);
  if (!followed && followed.error().kind == ErrorKind::kBadValue) {
    return DropRow(message, fold_.batch().rows(), followed.error().message);
  }
  if (!followed || *followed == Verdict::kCommitFirst) return followed;
  if (rows_ == nullptr) return Verdict::kTaken;  // a removal before the table's first row, or a bad letter
  if (envelope->op == event::Op::kDelete && !settings_.rows.counts) return TakeDelete(message, *envelope);
  CDC_ASSIGN(const Verdict taken, TakeRow(message, *envelope));
  if (taken == Verdict::kTaken || !relearn_) return taken;
  // A column that the plan does not know: learn the shape anew, then read the row again.
  CDC_ASSIGN(const Verdict learnt, FollowShape(message, *envelope, ahead));
  if (learnt == Verdict::kCommitFirst) return learnt;
  CDC_ASSIGN(const Verdict again, TakeRow(message, *envelope));
  if (again == Verdict::kTaken || !relearn_) return again;
  relearn_ = false;
  if (envelope->schema.empty()) return Untyped(envelope->after);
  return DropRow(message, fold_.batch().rows(), rows_->error() + " and its schema does not have it");
}

/// What expressions and the watermark must know of the event. \return kBadValue: it has no time, or is late
Status Intake::NoteEvent(const kafka::Message& message, const event::Envelope& envelope) {
  if (!event_clock_.runs() && !settings_.rows.computes() && event_columns_.empty()) return {};
  EventFacts facts{static_cast<char>(envelope.op), std::nullopt, envelope.source, message.timestamp_ms(),
                   now_micros_ ? *now_micros_ : UnixMicros(clock_.wall()), LacksOldRow(message, envelope)};
  if (event_clock_.runs()) {
    // What was put aside as late is applied all the same when an operator says so.
    CDC_ASSIGN(facts.event_time, replaying_ ? event_clock_.reader().Read(envelope)
                                            : event_clock_.Judge(message.partition(), message.offset(), envelope,
                                                                 InKeyChange()));
  }
  event_.Set(facts);
  return event_columns_.empty() ? Status{} : event_columns_.Compute();
}

Result<Verdict> Intake::TakeRow(const kafka::Message& message, const event::Envelope& envelope) {
  const uint32_t row = fold_.batch().rows();
  const event::RowOutcome outcome = rows_->Decode(ImageOf(envelope), &fold_.batch());
  if (outcome == event::RowOutcome::kUnknownColumn) {
    relearn_ = true;
    return Verdict::kCommitFirst;
  }
  if (outcome == event::RowOutcome::kBadValue) return TakeBadRow(message, envelope);
  if (settings_.rows.counts) {
    if (outcome == event::RowOutcome::kWithGaps || rows_->left_out()) {
      fold_.batch().Truncate(row);
      return Verdict::kTaken;
    }
    const auto window = window_counts_.Add(row, key_columns_, *row_hasher_, &fold_);
    if (!window && window.error().kind == ErrorKind::kBadValue) return DropRow(message, row, window.error().message);
    if (!window) return window.error();
    FillMetadata(row, static_cast<char>(envelope.op), envelope);
    fold_.Upsert(*window, row, false);
    return Verdict::kTaken;
  }
  if (mapping_ != nullptr) mapping_->Map(&fold_.batch(), row, derived_columns_);
  FillMetadata(row, static_cast<char>(envelope.op), envelope);
  if (settings_.append && rows_->left_out()) {
    fold_.batch().Truncate(row);
    return Verdict::kTaken;
  }
  const bool gaps = outcome == event::RowOutcome::kWithGaps;
  if (by_content()) return TakeByContent(message, envelope, row, gaps);
  if (!settings_.append) return TakeKeyed(message, envelope, row, gaps);
  if (gaps)
    return DropRow(message, row,
                   "an unchanged TOAST value was not sent, and an append-only table has no old row");
  return Verdict::kTaken;
}

void Intake::NoteSource(const kafka::Message& message) {
  const auto value = message.value();
  if (!value) return;
  const auto envelope = envelopes_.Parse(*value);
  if (!envelope) return;
  if (const auto source = event::ParseSource(envelope->source))
    source_lsn_ = std::max(source_lsn_, source->lsn);
}

/// Takes a half-appended row back and dead-letters its event.
Result<Verdict> Intake::DropRow(const kafka::Message& message, uint32_t row, std::string reason,
                                bool taints) {
  fold_.batch().Truncate(row);
  CDC_TRY(Bad(message, reason));
  CDC_TRY(CloseKeyChangeOf(message));
  if (taints) Taint(message);
  return Verdict::kTaken;
}

Result<Verdict> Intake::TakeTruncate(const kafka::Message& message, const event::Envelope& envelope,
                                     int32_t partitions) {
  if (settings_.rows.counts) return Verdict::kTaken;  // it is no event of a row
  if (partitions > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format(
            "TRUNCATE at {}[{}]@{}: in a topic of {} partitions nothing says which rows came before it",
            message.topic(), message.partition(), message.offset(), partitions),
        fmt::format(
            "`cdc adopt {0} --yes` goes on behind it, `cdc reset {0} --yes` rebuilds; or use one partition",
            settings_.table)};
  }
  if (table_.shape().schema == nullptr) return Verdict::kTaken;
  if (settings_.append) return AppendRemoval(message, envelope);
  CDC_TRY(CheckTruncated(message, envelope));
  fold_.Truncate();
  changes_.Truncate();
  counts_.clear();
  kept_.clear();
  kept_bytes_ = 0;
  tainted_.Clear();
  return Verdict::kTaken;
}

/// Append-only tables keep a row for each removal: what the event knows of it, and the operation.
Result<Verdict> Intake::AppendRemoval(const kafka::Message& message, const event::Envelope& envelope) {
  if (rows_ == nullptr) return Verdict::kTaken;
  const uint32_t row = fold_.batch().rows();
  std::string_view image = envelope.before;
  if (message.key()) {
    std::string_view schema;
    const auto key = keys_.ParseKey(*message.key(), &schema);
    if (!key) return DropRow(message, row, key.error().message);
    image = *key;
  }
  if (image.empty()) image = "{}";
  const event::RowOutcome outcome = rows_->DecodeOld(image, &fold_.batch());
  if (outcome != event::RowOutcome::kWhole) return DropRow(message, row, "delete: " + rows_->error());
  if (mapping_ != nullptr) mapping_->Map(&fold_.batch(), row, derived_columns_);
  FillMetadata(row, static_cast<char>(envelope.op), envelope);
  return Verdict::kTaken;
}

void Intake::FillMetadata(uint32_t row, char op, const event::Envelope& envelope) {
  rows::Batch& batch = fold_.batch();
  const auto column = [&](int at) -> rows::Column& { return batch.column(static_cast<size_t>(at)); };
  if (ingestion_time_ >= 0)
    column(ingestion_time_).AppendLong(now_micros_ ? *now_micros_ : UnixMicros(clock_.wall()));
  if (operation_ >= 0) column(operation_).AppendBytes({&op, 1});
  if (source_lsn_column_ >= 0 || source_time_ >= 0) {
    const auto source = event::ParseSource(envelope.source);
    if (source_lsn_column_ >= 0) {
      if (source && source->lsn > 0)
        column(source_lsn_column_).AppendLong(source->lsn);
      else
        column(source_lsn_column_).AppendNull();
    }
    if (source_time_ >= 0) {
      if (source && source->ts_ms > 0)
        column(source_time_).AppendLong(source->ts_ms * 1000);
      else
        column(source_time_).AppendNull();
    }
  }
  event_columns_.Append(&batch);
  if (deleted_at_ >= 0 && op == 'd') column(deleted_at_).AppendLong(now_micros_ ? *now_micros_ : UnixMicros(clock_.wall()));
  // Those that this event has no value for.
  for (const int at : own_positions_) {
    if (column(at).size() == row) column(at).AppendNull();
  }
}

}  // namespace cdc::source
