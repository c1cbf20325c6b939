#include "jobs/worker/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lib/contract/names.h"

namespace cdc::worker {
namespace {

constexpr const char* kNewKeyHeader = "__debezium.newkey";
constexpr const char* kOldKeyHeader = "__debezium.oldkey";

using Verdict = Intake::Verdict;

std::shared_ptr<const rows::Schema> SchemaOf(const Sink& sink) {
  auto schema = sink.schema();
  return schema != nullptr ? schema : std::make_shared<const rows::Schema>();
}

Letter Copy(const kafka::Message& message) {
  Letter letter{std::string(message.topic()), message.partition(), message.offset(), {}, {}};
  if (const auto key = message.key()) letter.key = std::string(*key);
  if (const auto value = message.value()) letter.value = std::string(*value);
  return letter;
}

}  // namespace

Intake::Intake(const TableSettings& settings, Sink& sink, DeadLetters& letters, TaintedKeys& tainted,
               Mapping* mapping, std::function<Result<SourceDescription>()> describe, const Clock& clock,
               log::Logger log)
    : settings_(settings),
      sink_(sink),
      letters_(letters),
      tainted_(tainted),
      mapping_(mapping),
      describe_(std::move(describe)),
      clock_(clock),
      log_(std::move(log)),
      declared_(settings.declared),
      placeholder_(settings.declared.handling.unavailable_placeholder),
      fold_(SchemaOf(sink)) {
  std::error_code ignored;
  shared_topic_ = std::filesystem::exists(settings_.index_folder / kSharedTopicFile, ignored);
  if (const auto schema = sink_.schema()) {
    // A tombstone, a TRUNCATE or a broken message may come before the first event that says how rows are
    // written.
    std::vector<std::string> names;
    for (const rows::Field& field : schema->fields) names.push_back(field.name);
    auto columns = ColumnsOfNames(names, {}, declared_, schema.get());
    if (columns) MakeDecoders(std::move(*columns));
  }
  DeriveAnew();
}

void Intake::DeriveAnew() {
  if (mapping_ == nullptr) return;
  fold_.SetRederive([this](rows::Batch* batch, uint32_t row) {
    for (const int at : derived_columns_) {
      if (at >= 0) batch->column(static_cast<size_t>(at)).Truncate(row);
    }
    mapping_->Map(batch, row, derived_columns_);
  });
}

void Intake::SwapFold(Fold* other) {
  std::swap(fold_, *other);
  DeriveAnew();
}

void Intake::StartBatch() {
  fold_.Reset(SchemaOf(sink_));
  kept_.clear();
  kept_bytes_ = 0;
  for (const auto& [key, change] : open_) fold_.Remove(key, true);
}

bool Intake::has_changes() const {
  return fold_.truncated() || fold_.batch().rows() > 0 || fold_.slots().size() > open_.size();
}

std::optional<int64_t> Intake::HeldOffset(int32_t partition) const {
  std::optional<int64_t> held;
  for (const auto& [key, change] : open_) {
    if (change.partition == partition) held = std::min(held.value_or(change.offset), change.offset);
  }
  return held;
}

void Intake::SetAsideKeyChanges() {
  for (const auto& [key, change] : open_) fold_.RestoreMoved(key);
}

std::vector<Hash128> Intake::ForgetKeyChanges(SteadyTime since) {
  std::vector<Hash128> keys;
  for (const auto& [key, change] : open_) {
    if (change.seen < since) keys.push_back(key);
  }
  for (const Hash128& key : keys) open_.erase(key);
  return keys;
}

Status Intake::Bad(const kafka::Message& message, const std::string& reason) {
  if (settings_.stop_on_bad) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("bad message at {}[{}]@{}: {}", message.topic(), message.partition(),
                             message.offset(), reason),
                 "fix the source, or set on_error = \"dlq\" to put such messages aside"};
  }
  log_.Warn("dead letter partition={} offset={} reason={}", message.partition(), message.offset(), reason);
  return letters_.Add(Copy(message), reason);
}

Result<Verdict> Intake::Take(const kafka::Message& message, std::span<const kafka::Message> ahead,
                             int32_t partitions) {
  const auto value = message.value();
  if (!value) return TakeTombstone(message);
  const auto envelope = envelopes_.Parse(*value);
  if (!envelope) {
    CDC_TRY(Bad(message, Describe(envelope.error())));
    // The change it carried is unknown, and so from here on is the row.
    if (message.key() && key_decoder_ != nullptr) {
      if (const auto key = HashOfKey(*message.key(), false)) tainted_.Add(*key);
    }
    return Verdict::kTaken;
  }
  if (envelope->is_tombstone) return TakeTombstone(message);
  if (envelope->op == event::Op::kMessage || !IsOurs(*envelope)) return Verdict::kTaken;
  if (envelope->op == event::Op::kTruncate) return TakeTruncate(message, *envelope, partitions);

  const auto followed = FollowShape(message, *envelope, ahead);
  if (!followed && followed.error().kind == ErrorKind::kBadValue) {
    return DropRow(message, fold_.batch().rows(), followed.error().message);
  }
  if (!followed || *followed == Verdict::kCommitFirst) return followed;
  if (rows_ == nullptr) return Verdict::kTaken;  // a removal before the table's first row, or a bad letter
  if (envelope->op == event::Op::kDelete) return TakeDelete(message, *envelope);
  CDC_ASSIGN(const Verdict taken, TakeRow(message, *envelope));
  if (taken == Verdict::kTaken || !relearn_) return taken;
  // A column that the plan does not know: learn the shape anew, then read the row again.
  CDC_ASSIGN(const Verdict learnt, FollowShape(message, *envelope, ahead));
  if (learnt == Verdict::kCommitFirst) return learnt;
  CDC_ASSIGN(const Verdict again, TakeRow(message, *envelope));
  if (again == Verdict::kTaken || !relearn_) return again;
  relearn_ = false;
  return DropRow(message, fold_.batch().rows(),
                 rows_->error() + " and its type cannot be told yet: declare it in `columns`");
}

Result<Verdict> Intake::TakeRow(const kafka::Message& message, const event::Envelope& envelope) {
  const uint32_t row = fold_.batch().rows();
  const event::RowOutcome outcome = rows_->Decode(envelope.after, &fold_.batch());
  if (outcome == event::RowOutcome::kUnknownColumn) {
    relearn_ = true;
    return Verdict::kCommitFirst;
  }
  if (outcome == event::RowOutcome::kBadValue) return DropRow(message, row, rows_->error());
  if (mapping_ != nullptr) mapping_->Map(&fold_.batch(), row, derived_columns_);
  FillMetadata(row, static_cast<char>(envelope.op), envelope);
  const bool gaps = outcome == event::RowOutcome::kWithGaps;
  if (!settings_.append) return TakeKeyed(message, envelope, row, gaps);
  if (gaps)
    return DropRow(message, row,
                   "an unchanged TOAST value was not sent, and an append-only table has no old row");
  return Verdict::kTaken;
}

Result<Verdict> Intake::TakeKeyed(const kafka::Message& message, const event::Envelope& envelope,
                                  uint32_t row, bool gaps) {
  for (const int at : key_columns_) {
    if (fold_.batch().column(static_cast<size_t>(at)).has_value(row)) continue;
    const std::string& name = fold_.batch().schema().fields[static_cast<size_t>(at)].name;
    return DropRow(message, row, "key column '" + name + "' is null");
  }
  const Hash128 key = (*row_hasher_)(fold_.batch(), row);
  const auto old_key_header = envelope.op == event::Op::kCreate && message.has_headers()
                                  ? message.header(kOldKeyHeader)
                                  : std::nullopt;
  std::optional<Hash128> old_key;
  if (old_key_header) {
    if (const auto parsed = HashOfKey(*old_key_header, false))
      old_key = *parsed;
    else if (const auto move = moving_.find(message.partition()); move != moving_.end())
      old_key = move->second;
  } else if (envelope.op == event::Op::kUpdate && !envelope.before.empty()) {
    // A table without a primary key but with REPLICA IDENTITY FULL: an update of the configured key says so
    // here only.
    if (const auto before = HashOfKey(envelope.before, true); before && !(*before == key))
      fold_.Remove(*before);
  }
  if (old_key) open_.erase(*old_key);
  CDC_TRY(CloseKeyChange(key));
  if (gaps && tainted_.Contains(old_key.value_or(key))) {
    return DropRow(message, row, "it depends on the row's old version, whose own change was dead-lettered");
  }
  const Gaps outcome = old_key ? fold_.UpsertMoved(key, row, gaps, *old_key) : fold_.Upsert(key, row, gaps);
  if (outcome == Gaps::kUnknown) {
    // Neither key has a row, so nothing stale is left for others to be completed from.
    return DropRow(message, row,
                   "an unchanged TOAST value was not sent, and the row's old version is not known", false);
  }
  if (outcome == Gaps::kPending) KeepForGaps(message, row);
  if (!gaps) tainted_.Remove(key);
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

/// The key has a life of its own again before the second half of its change came: that half is on its own
/// now.
Status Intake::CloseKeyChange(const Hash128& key) {
  if (open_.empty() || open_.erase(key) == 0) return {};
  return sink_.KeepMoved({key});
}

std::optional<SteadyTime> Intake::oldest_key_change() const {
  std::optional<SteadyTime> oldest;
  for (const auto& [key, change] : open_) oldest = std::min(oldest.value_or(change.seen), change.seen);
  return oldest;
}

/// Takes a half-appended row back and dead-letters its event.
Result<Verdict> Intake::DropRow(const kafka::Message& message, uint32_t row, std::string reason,
                                bool taints) {
  fold_.batch().Truncate(row);
  CDC_TRY(Bad(message, reason));
  const auto old_key = message.has_headers() ? message.header(kOldKeyHeader) : std::nullopt;
  if (old_key) {
    if (const auto key = HashOfKey(*old_key, false)) CDC_TRY(CloseKeyChange(*key));
  }
  if (taints && !settings_.append && message.key() && key_decoder_ != nullptr) {
    if (const auto key = HashOfKey(*message.key(), false)) tainted_.Add(*key);
  }
  return Verdict::kTaken;
}

void Intake::KeepForGaps(const kafka::Message& message, uint32_t row) {
  Letter letter = Copy(message);
  kept_bytes_ += static_cast<int64_t>(letter.value ? letter.value->size() : 0) + sink_.row_bytes();
  kept_[row] = {std::move(letter), fold_.gaps().at(row).key};
}

Status Intake::AbandonRow(uint32_t row) {
  const Hash128 key = (*row_hasher_)(fold_.batch(), row);
  const std::string reason =
      "an unchanged TOAST value was not sent, and the row's old version is not in the table";
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
  const auto gap = fold_.gaps().find(row);
  const bool missing = gap != fold_.gaps().end() && (gap->second.key == key || gap->second.otherwise == key);
  if (!missing) tainted_.Add(key);
  fold_.Abandon(key);
  return {};
}

Result<Verdict> Intake::TakeDelete(const kafka::Message& message, const event::Envelope& envelope) {
  if (settings_.append) return AppendRemoval(message, envelope);
  // The message key is the row's key; "before" is trusted only where there is none, for it may hold invented
  // values.
  auto key = message.key() ? HashOfKey(*message.key(), false) : HashOfKey(envelope.before, true);
  if (!key) {
    CDC_TRY(Bad(message, "delete: " + key.error().message));
    return Verdict::kTaken;
  }
  const bool moving = message.has_headers() && message.header(kNewKeyHeader).has_value();
  fold_.Remove(*key, moving);
  if (moving) {
    open_[*key] = {message.partition(), message.offset(), clock_.steady()};
    moving_[message.partition()] = *key;
  } else {
    tainted_.Remove(*key);
    CDC_TRY(CloseKeyChange(*key));
  }
  return Verdict::kTaken;
}

/// A tombstone follows its delete; in a compacted topic it may be all that is left of it.
Result<Verdict> Intake::TakeTombstone(const kafka::Message& message) {
  if (settings_.append || !message.key() || key_decoder_ == nullptr) return Verdict::kTaken;
  // Whose it is in a topic of several tables, a tombstone does not say.
  if (shared_topic_) return Verdict::kTaken;
  const auto key = HashOfKey(*message.key(), false);
  if (key && !open_.contains(*key)) fold_.Remove(*key);
  return Verdict::kTaken;
}

Result<Verdict> Intake::TakeTruncate(const kafka::Message& message, const event::Envelope& envelope,
                                     int32_t partitions) {
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
  if (sink_.schema() == nullptr) return Verdict::kTaken;
  if (settings_.append) return AppendRemoval(message, envelope);
  fold_.Truncate();
  open_.clear();
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
  const event::RowOutcome outcome = rows_->Decode(image, &fold_.batch());
  if (outcome != event::RowOutcome::kWhole) return DropRow(message, row, "delete: " + rows_->error());
  if (mapping_ != nullptr) mapping_->Map(&fold_.batch(), row, derived_columns_);
  FillMetadata(row, static_cast<char>(envelope.op), envelope);
  return Verdict::kTaken;
}

Result<Hash128> Intake::HashOfKey(std::string_view json, bool is_row) {
  if (key_decoder_ == nullptr) return Error{ErrorKind::kBadValue, "the table has no key"};
  std::string_view schema;
  std::string_view object = json;
  if (!is_row) {
    CDC_ASSIGN(object, keys_.ParseKey(json, &schema));
  }
  if (object.empty()) return Error{ErrorKind::kBadValue, "the key is null"};
  key_batch_->Truncate(0);
  if (key_decoder_->Decode(object, key_batch_.get(), true) != event::RowOutcome::kWhole) {
    return Error{ErrorKind::kBadValue, "key: " + key_decoder_->error()};
  }
  for (size_t i = 0; i < key_batch_->column_count(); ++i) {
    if (key_batch_->column(i).has_value(0)) continue;
    return Error{ErrorKind::kBadValue, "key column '" + key_schema_->fields[i].name + "' is missing"};
  }
  return (*key_hasher_)(*key_batch_, 0);
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
  // Columns of the table that neither the source nor this worker fills.
  for (size_t i = 0; i < batch.column_count(); ++i) {
    if (batch.column(i).size() == row) batch.column(i).AppendNull();
  }
}

}  // namespace cdc::worker
