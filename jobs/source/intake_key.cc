/// \file jobs/source/intake_key.cc
/// Intake: the key of an event where the message's own cannot be read.

#include <fmt/format.h>

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
  auto key = HashOfKey(*message.key(), false);
  if (key || envelope.before.empty() || key_decoder_ == nullptr) return key;
  std::vector<std::string> names;
  for (const std::string& name : table_.shape().key) names.push_back(declared_.SourceOf(name));
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

}  // namespace cdc::source
