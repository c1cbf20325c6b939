#include "jobs/source/dropped_events.h"

namespace cdc::source {

Result<Verdict> DroppedEvents::Drop(const kafka::Message& message, uint32_t row, const std::string& reason,
                                    bool taints) {
  batch_.fold.batch().Truncate(row);
  CDC_TRY(refused_.Refuse(message, reason));
  CDC_TRY(moves_.CloseOf(message));
  if (taints) Taint(message);
  return Verdict::kTaken;
}

Result<Verdict> DroppedEvents::Refuse(const kafka::Message& message, const std::string& reason) {
  CDC_TRY(refused_.Refuse(message, reason));
  return Verdict::kTaken;
}

void DroppedEvents::Taint(const kafka::Message& message) {
  if (batch_.settings.append || !reader_.reads_keys()) return;
  auto key = message.key() ? reader_.HashOfKey(*message.key(), false)
                           : Result<Hash128>(Error{ErrorKind::kBadValue, "the message has no key"});
  if (!key && message.value()) {
    event::EnvelopeParser parser;
    const auto envelope = parser.Parse(*message.value());
    if (envelope && !envelope->after.empty()) key = reader_.HashOfKey(envelope->after, true);
  }
  if (key) batch_.tainted.Add(*key);
}

}  // namespace cdc::source
