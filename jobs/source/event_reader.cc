#include "jobs/source/event_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/event_key.h"

namespace cdc::source {

EventReader::EventReader(OpenBatch& batch, Mapping* mapping, const Declarations& declared)
    : batch_(batch),
      mapping_(mapping),
      declared_(declared),
      placeholder_(declared.handling.unavailable_placeholder),
      event_(batch.settings.bare_name, batch.settings.pipeline),
      own_cells_(batch, &event_) {
  event_.Need(FunctionsOf(batch.settings.rows));
}

void EventReader::DeriveAnew() {
  if (program_ != nullptr) batch_.fold.SetRederive({}, program_->computed_columns());
  if (mapping_ == nullptr) return;
  batch_.fold.SetRederive([this](rows::Batch* batch, uint32_t row) {
    for (const int at : derived_columns_) {
      if (at >= 0) batch->column(static_cast<size_t>(at)).Truncate(row);
    }
    mapping_->Map(batch, row, derived_columns_);
  });
}

void EventReader::Map(uint32_t row) {
  if (mapping_ != nullptr) mapping_->Map(&batch_.fold.batch(), row, derived_columns_);
}

// ---- learning

void EventReader::Learn(std::vector<event::SourceColumn> columns, std::unique_ptr<RowProgram> row,
                        std::unique_ptr<RowProgram> key) {
  program_ = std::move(row);
  key_program_ = std::move(key);
  const auto schema = batch_.table.shape().schema;
  std::vector<int> ours = own_cells_.Bind(*schema);
  derived_columns_.clear();
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived())
      derived_columns_.push_back(schema->IndexOf(field.name));
  }
  for (const int at : derived_columns_) {
    if (at >= 0) ours.push_back(at);
  }
  identity_ = batch_.table.shape().identity;
  if (!batch_.settings.append && !by_content()) {
    doubts_.Learn(columns, *schema);
    LearnKeys(columns);
  }
  SortColumns(ours);
  if (program_ == nullptr) {
    rows_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(std::move(columns), *schema, &placeholder_));
  } else {
    const RowRules& rules = batch_.settings.rows;
    // Columns that no expression names are passed over, however new they are.
    const bool all = !rules.select && !rules.counts;
    rows_ =
        std::make_unique<RowReader>(std::make_unique<event::RowDecoder>(
                                        program_->inputs(), *program_->input_schema(), &placeholder_, !all),
                                    program_.get(), &event_, false);
    if (rules.counts) ours.push_back(schema->IndexOf(kCount));
  }
  own_cells_.SetPositions(ours);
  rows_->SetSkipped(std::move(ours));
  DeriveAnew();
}

void EventReader::SortColumns(const std::vector<int>& ours) {
  const auto schema = batch_.table.shape().schema;
  source_columns_.clear();
  other_columns_.clear();
  std::vector<int> of_event;
  if (program_ != nullptr) {
    for (const std::string& name : program_->event_columns()) of_event.push_back(schema->IndexOf(name));
  }
  for (int at = 0; at < static_cast<int>(schema->fields.size()); ++at) {
    if (std::find(ours.begin(), ours.end(), at) != ours.end()) continue;
    if (std::find(of_event.begin(), of_event.end(), at) != of_event.end()) continue;
    source_columns_.push_back(at);
    if (std::find(key_columns_.begin(), key_columns_.end(), at) == key_columns_.end())
      other_columns_.push_back(at);
  }
}

void EventReader::LearnKeys(std::vector<event::SourceColumn> columns) {
  const worker::Shape& shape = batch_.table.shape();
  auto key_schema = std::make_shared<rows::Schema>();
  std::vector<int> in_row, in_key;
  for (const std::string& name : shape.key) {
    const int at = shape.schema->IndexOf(name);
    in_key.push_back(static_cast<int>(in_row.size()));
    in_row.push_back(at);
    key_schema->fields.push_back(shape.schema->fields[static_cast<size_t>(at)]);
  }
  key_schema_ = key_schema;
  key_batch_columns_ = in_key;
  key_batch_ = std::make_unique<rows::Batch>(key_schema_);
  key_columns_ = in_row;
  if (batch_.table.needs_key_values()) batch_.fold.KeepKeys(key_columns_);
  row_hasher_ = std::make_unique<rows::KeyHasher>(shape.key_secret, std::move(in_row));
  key_hasher_ = std::make_unique<rows::KeyHasher>(shape.key_secret, in_key);
  // A message key may have columns that the table's key has not, when the source's primary key was extended.
  keys_.reset();
  if (program_ == nullptr) {
    keys_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(std::move(columns), *key_schema_, &placeholder_, true));
  } else if (key_program_ != nullptr && key_program_->Bind(*key_schema_, shape.key)) {
    keys_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(key_program_->inputs(), *key_program_->input_schema(),
                                            &placeholder_, true),
        key_program_.get(), &event_, true);
  }
}

// ---- keys

Result<Hash128> EventReader::HashOfKey(std::string_view json, bool is_row) {
  if (keys_ == nullptr) return Error{ErrorKind::kBadValue, "the table has no key"};
  std::string_view schema;
  std::string_view object = json;
  if (!is_row) {
    CDC_ASSIGN(object, parser_.ParseKey(json, &schema));
  }
  if (object.empty()) return Error{ErrorKind::kBadValue, "the key is null"};
  key_batch_->Truncate(0);
  if (keys_->Decode(object, key_batch_.get(), true) != event::RowOutcome::kWhole) {
    return Error{ErrorKind::kBadValue, "key: " + keys_->error()};
  }
  for (size_t i = 0; i < key_batch_->column_count(); ++i) {
    if (key_batch_->column(i).has_value(0)) continue;
    return Error{ErrorKind::kBadValue, "key column '" + key_schema_->fields[i].name + "' is missing"};
  }
  const Hash128 key = (*key_hasher_)(*key_batch_, 0);
  batch_.fold.NoteKey(key, {key_batch_.get(), 0, &key_batch_columns_});
  return key;
}

/// Of the columns that the key comes from, at the source.
std::vector<std::string> EventReader::NamesOfKey() const {
  std::vector<std::string> names;
  if (key_program_ == nullptr) {
    for (const std::string& name : batch_.table.shape().key) names.push_back(declared_.SourceOf(name));
  } else {
    for (const event::SourceColumn& column : key_program_->inputs()) names.push_back(column.name);
  }
  return names;
}

/// The message's key is the row's; `before` is trusted where there is none, and where it can be told that its
/// values are the row's.
Result<Hash128> EventReader::KeyOfDelete(const kafka::Message& message, const event::Envelope& envelope) {
  if (!message.key()) return HashOfKey(envelope.before, true);
  if (batch_.settings.rows.plain && !envelope.before.empty()) {
    if (auto of_row = HashOfKey(envelope.before, true)) return of_row;
  }
  auto key = HashOfKey(*message.key(), false);
  if (key || envelope.before.empty() || keys_ == nullptr) return key;
  const std::vector<std::string> names = NamesOfKey();
  if (IsKeyOfBefore(*message.key(), envelope.before, names, envelope.schema))
    return HashOfKey(envelope.before, true);
  return Error{
      ErrorKind::kBadValue,
      fmt::format("{}; and \"before\" need not have the row's own {}: let the connector write keys as JSON "
                  "(key.converter), or set REPLICA IDENTITY FULL",
                  key.error().message, fmt::join(names, ", "))};
}

}  // namespace cdc::source
