/// \file jobs/source/intake_key.cc
/// Intake: how rows and keys are read, and the key of an event where the message's own cannot be.

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/event_key.h"
#include "jobs/source/intake.h"

namespace cdc::source {

Intake::KeyForm::KeyForm(std::string_view key, std::string_view object, const std::vector<std::string>& names)
    : head_(key.substr(0, static_cast<size_t>(object.data() - key.data()))) {
  for (const std::string& name : names) names_.push_back(fmt::format("\"{}\":", name));
}

bool Intake::KeyForm::Has(std::string_view key) const {
  if (names_.empty() || !key.starts_with(head_)) return false;
  key.remove_prefix(head_.size());
  for (const std::string& name : names_) {
    // Each where the one before ended, or behind a value and a comma; a value's own quotes are escaped.
    const size_t at = &name == &names_.front() ? key.find('"') : key.find(",\"");
    if (at == key.npos) return false;
    key.remove_prefix(&name == &names_.front() ? at : at + 1);
    if (!key.starts_with(name)) return false;
    key.remove_prefix(name.size());
  }
  return key.find(",\"") == key.npos;
}

/// The message's key is the row's; `before` is trusted where there is none, and where it can be told that its
/// values are the row's.
Result<Hash128> Intake::KeyOfDelete(const kafka::Message& message, const event::Envelope& envelope) {
  if (!message.key()) return HashOfKey(envelope.before, true);
  if (settings_.rows.plain && !envelope.before.empty()) {
    if (auto of_row = HashOfKey(envelope.before, true)) return of_row;
  }
  auto key = HashOfKey(*message.key(), false);
  if (key || envelope.before.empty() || key_decoder_ == nullptr) return key;
  std::vector<std::string> names;
  if (key_program_ == nullptr) {
    for (const std::string& name : table_.shape().key) names.push_back(declared_.SourceOf(name));
  } else {
    for (const event::SourceColumn& column : key_program_->inputs()) names.push_back(column.name);
  }
  if (IsKeyOfBefore(*message.key(), envelope.before, names, envelope.schema)) {
    return HashOfKey(envelope.before, true);
  }
  return Error{
      ErrorKind::kBadValue,
      fmt::format("{}; and \"before\" need not have the row's own {}: let the connector write keys as JSON "
                  "(key.converter), or set REPLICA IDENTITY FULL",
                  key.error().message, fmt::join(names, ", "))};
}

/// Of an event that is not applied, so that the table's row of its key is out of date.
void Intake::Taint(const kafka::Message& message) {
  if (settings_.append || key_decoder_ == nullptr) return;
  auto key = message.key() ? HashOfKey(*message.key(), false)
                           : Result<Hash128>(Error{ErrorKind::kBadValue, "the message has no key"});
  if (!key && message.value()) {
    event::EnvelopeParser parser;
    const auto envelope = parser.Parse(*message.value());
    if (envelope && !envelope->after.empty()) key = HashOfKey(envelope->after, true);
  }
  if (key) tainted_.Add(*key);
}

void Intake::MakeDecoders(std::vector<event::SourceColumn> columns) {
  const auto schema = table_.shape().schema;
  std::vector<int> ours;
  const auto position = [&](std::string_view name) {
    const int at = schema->IndexOf(name);
    if (at >= 0) ours.push_back(at);
    return at;
  };
  const auto filled_by = [&](std::string_view value) {
    const auto own = std::find_if(settings_.own_columns.begin(), settings_.own_columns.end(),
                                  [&](const OwnColumn& column) { return column.value == value; });
    return own == settings_.own_columns.end() ? -1 : position(own->name);
  };
  ingestion_time_ = filled_by(kIngestionTime);
  operation_ = filled_by(kOperation);
  source_lsn_column_ = filled_by(kSourceLsn);
  source_time_ = filled_by(kSourceTime);
  deleted_at_ = filled_by(kDeletedAt);  // by the sink, unless a removal writes a row
  if (!settings_.rows.marks_rows()) deleted_at_ = -1;
  for (const int at : event_columns_.Bind(*schema)) ours.push_back(at);
  derived_columns_.clear();
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived()) derived_columns_.push_back(position(field.name));
  }

  identity_ = table_.shape().identity;
  if (!settings_.append && !by_content()) {
    doubts_.Learn(columns, *schema);
    MakeKeyDecoder(columns);
  }
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
  if (program_ == nullptr) {
    rows_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(std::move(columns), *schema, &placeholder_));
  } else {
    // Columns that no expression names are passed over, however new they are.
    const bool all = !settings_.rows.select && !settings_.rows.counts;
    rows_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(program_->inputs(), *program_->input_schema(), &placeholder_, !all),
        program_.get(), &event_, false);
    if (settings_.rows.counts) ours.push_back(schema->IndexOf(kCount));
  }
  own_positions_ = ours;
  rows_->SetSkipped(std::move(ours));
  DeriveAnew();
}

void Intake::MakeKeyDecoder(std::vector<event::SourceColumn> columns) {
  const auto schema = table_.shape().schema;
  auto key_schema = std::make_shared<rows::Schema>();
  std::vector<int> in_row, in_key;
  for (const std::string& name : table_.shape().key) {
    const int at = schema->IndexOf(name);
    in_key.push_back(static_cast<int>(in_row.size()));
    in_row.push_back(at);
    key_schema->fields.push_back(schema->fields[static_cast<size_t>(at)]);
  }
  key_schema_ = key_schema;
  key_batch_columns_ = in_key;
  key_batch_ = std::make_unique<rows::Batch>(key_schema_);
  key_columns_ = in_row;
  if (table_.needs_key_values()) fold_.KeepKeys(key_columns_);
  row_hasher_ = std::make_unique<rows::KeyHasher>(table_.shape().key_secret, std::move(in_row));
  key_hasher_ = std::make_unique<rows::KeyHasher>(table_.shape().key_secret, in_key);
  // A message key may have columns that the table's key has not, when the source's primary key was extended.
  key_decoder_.reset();
  if (program_ == nullptr) {
    key_decoder_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(std::move(columns), *key_schema_, &placeholder_, true));
  } else if (key_program_ != nullptr && key_program_->Bind(*key_schema_, table_.shape().key)) {
    key_decoder_ = std::make_unique<RowReader>(
        std::make_unique<event::RowDecoder>(key_program_->inputs(), *key_program_->input_schema(), &placeholder_, true),
        key_program_.get(), &event_, true);
  }
}

}  // namespace cdc::source
