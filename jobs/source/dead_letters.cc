#include "jobs/source/dead_letters.h"

#include <fmt/format.h>

#include "lib/contract/names.h"
#include "lib/kafka/admin.h"

namespace cdc::source {
namespace {

constexpr std::chrono::milliseconds kTimeout{30'000};

Error TooLarge(const Error& cause, const Letter& letter, const std::string& topic) {
  if (cause.kind != ErrorKind::kBadValue) return cause;
  return Error{ErrorKind::kUnsupported,
               fmt::format("a bad message at {}[{}]@{} is too large for its dead-letter topic: {}",
                           letter.topic, letter.partition, letter.offset, cause.message),
               "raise max.message.bytes of " + topic};
}

}  // namespace

Letter LetterOf(const kafka::Message& message) {
  Letter letter{std::string(message.topic()), message.partition(), message.offset(), {}, {}};
  if (const auto key = message.key()) letter.key = std::string(*key);
  if (const auto value = message.value()) letter.value = std::string(*value);
  if (!message.has_headers()) return letter;
  for (const auto& [name, value] : message.headers()) {
    if (value && name.starts_with("__debezium.")) letter.headers.emplace_back(name, *value);
  }
  return letter;
}

Status DeadLetters::Add(const Letter& letter, const std::string& reason) {
  if (told_) {
    told_(letter, reason);
    return {};
  }
  const std::string topic =
      kafka_.dead_letters.empty() ? contract::DlqTopic(letter.topic) : kafka_.dead_letters;
  if (producer_ == nullptr) {
    CDC_TRY(kafka::CreateTopic(kafka_.bootstrap_servers, kafka_.properties, topic, 1, kTimeout));
    kafka::ProducerOptions options;
    options.bootstrap_servers = kafka_.bootstrap_servers;
    options.properties = kafka_.properties;
    CDC_ASSIGN(producer_, kafka::Producer::Make(std::move(options)));
  }
  const std::string partition = std::to_string(letter.partition), offset = std::to_string(letter.offset);
  kafka::Record record;
  record.topic = topic;
  record.partition = 0;
  if (letter.key) record.key = *letter.key;
  if (letter.value) record.value = *letter.value;
  record.headers = {{contract::kDlqReason, reason},
                    {contract::kDlqTopic, letter.topic},
                    {contract::kDlqPartition, partition},
                    {contract::kDlqOffset, offset}};
  for (const auto& [name, value] : letter.headers) record.headers.push_back({name.c_str(), value});
  if (Status produced = producer_->Produce(record); !produced) return TooLarge(produced.error(), letter, topic);
  added_[letter.partition].push_back(letter.offset);
  pending_ = true;
  ++count_;
  return {};
}

Status DeadLetters::Flush() {
  if (!pending_) return {};
  if (Status flushed = producer_->Flush(kTimeout); !flushed) {
    return flushed.error().kind == ErrorKind::kBadValue
               ? Error{ErrorKind::kUnsupported,
                       "a bad message is too large for its dead-letter topic: " + flushed.error().message,
                       "raise max.message.bytes of the dead-letter topic"}
               : flushed.error();
  }
  pending_ = false;
  return {};
}

}  // namespace cdc::source
