#include "jobs/run/record_keys.h"

#include <algorithm>
#include <numeric>

#include "jobs/source/table_shape.h"

namespace cdc::run {
namespace {

std::vector<int> FirstColumns(size_t count) {
  std::vector<int> columns(count);
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

}  // namespace

RecordKeys::RecordKeys(const SourceSettings& settings, std::shared_ptr<const rows::Schema> key)
    : settings_(settings),
      placeholder_(settings.declared.handling.unavailable_placeholder),
      key_schema_(std::move(key)),
      batch_(key_schema_),
      hasher_(KeySecret{}, FirstColumns(key_schema_->fields.size())) {}

Result<std::unique_ptr<RecordKeys>> RecordKeys::Make(const SourceSettings& settings, const rows::Schema& table,
                                                     const std::vector<std::string>& key) {
  auto schema = std::make_shared<rows::Schema>();
  for (const std::string& name : key) {
    const int at = table.IndexOf(name);
    if (at < 0) return Error{ErrorKind::kCorrupt, "the table has no key column '" + name + "' any more"};
    schema->fields.push_back(table.fields[static_cast<size_t>(at)]);
  }
  std::unique_ptr<RecordKeys> keys(new RecordKeys(settings, schema));
  CDC_ASSIGN(auto columns, ColumnsOfNames(key, {}, settings.declared, &table));
  keys->decoder_ =
      std::make_unique<event::RowDecoder>(std::move(columns), *schema, &keys->placeholder_, true);
  return keys;
}

/// Of another table that shares the topic there are no rows here.
bool RecordKeys::IsOurs(const event::Envelope& envelope) const {
  if (settings_.source_table.empty()) return true;
  const auto source = event::ParseSource(envelope.source);
  if (!source || source->table.empty()) return true;
  return source->table == settings_.source_table &&
         (settings_.source_schema.empty() || source->schema == settings_.source_schema);
}

void RecordKeys::FollowShape(const event::Envelope& envelope) {
  if (envelope.schema.empty() || envelope.schema == shape_) return;
  shape_ = envelope.schema;
  auto columns = ColumnsOfSchema(envelope.schema, settings_.declared);
  decoder_ = columns
                 ? std::make_unique<event::RowDecoder>(std::move(*columns), *key_schema_, &placeholder_, true)
                 : nullptr;
}

void RecordKeys::AddKey(std::string_view object, TouchedRows* touched) {
  if (object.empty() || decoder_ == nullptr) return;
  batch_.Truncate(0);
  if (decoder_->Decode(object, &batch_, true) != event::RowOutcome::kWhole) return;
  for (size_t i = 0; i < batch_.column_count(); ++i) {
    if (!batch_.column(i).has_value(0)) return;
  }
  const Hash128 key = hasher_(batch_, 0);
  if (std::find(touched->keys.begin(), touched->keys.end(), key) == touched->keys.end())
    touched->keys.push_back(key);
}

void RecordKeys::AddKeyOf(std::string_view key_or_header, TouchedRows* touched) {
  std::string_view schema;
  if (const auto object = keys_.ParseKey(key_or_header, &schema)) AddKey(*object, touched);
}

/// Both halves of a key change name the other one's key.
void RecordKeys::AddHeaders(const kafka::Message& record, TouchedRows* touched) {
  if (!record.has_headers()) return;
  for (const char* name : {"__debezium.newkey", "__debezium.oldkey"}) {
    if (const auto header = record.header(name)) AddKeyOf(*header, touched);
  }
}

TouchedRows RecordKeys::Of(const kafka::Message& record) {
  TouchedRows touched;
  const auto value = record.value();
  const auto envelope =
      value ? envelopes_.Parse(*value) : Result<event::Envelope>(Error{ErrorKind::kBadValue, ""});
  if (envelope && !envelope->is_tombstone) {
    if (envelope->op == event::Op::kMessage || !IsOurs(*envelope)) return touched;
    if (envelope->op == event::Op::kTruncate) {
      touched.everything = true;
      return touched;
    }
    FollowShape(*envelope);
    AddKey(envelope->after, &touched);
    AddKey(envelope->before, &touched);
  }
  if (record.key()) AddKeyOf(*record.key(), &touched);
  AddHeaders(record, &touched);
  touched.readable = !touched.keys.empty();
  return touched;
}

}  // namespace cdc::run
