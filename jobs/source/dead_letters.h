#pragma once

/// \file jobs/source/dead_letters.h
/// Where messages go that cannot be applied: `<topic>.dlq`, with their bytes as they were and the reason.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs/source/settings.h"
#include "lib/core/result.h"
#include "lib/kafka/message.h"
#include "lib/kafka/producer.h"

namespace cdc::source {

/// A message in its own memory: what is needed to dead-letter it later.
struct Letter {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string> key, value;
  /// Debezium's own, of a change of the key: without them a replay could not tell its halves apart.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

Letter LetterOf(const kafka::Message& message);

/// At least once: a letter may be written again after a crash, with the same identity headers. Not
/// thread-safe.
class DeadLetters {
 public:
  explicit DeadLetters(KafkaSettings kafka) : kafka_(std::move(kafka)) {}
  /// For a replay: what is still bad is told, not written again.
  explicit DeadLetters(std::function<void(const Letter&, const std::string& reason)> told)
      : told_(std::move(told)) {}

  /// Queues one letter; the topic is made at the first. \return kTransient; kInvalidConfig; kBadValue: larger
  /// than Kafka takes: the table must be held, for the letter would be lost.
  Status Add(const Letter& letter, const std::string& reason);

  /// Waits until all are acknowledged: before the commit that passes them. \return as Add.
  Status Flush();

  int64_t count() const { return count_; }  ///< of this run
  /// Those added since the last call, by partition.
  std::map<int32_t, std::vector<int64_t>> TakeAdded() { return std::exchange(added_, {}); }

 private:
  KafkaSettings kafka_;
  std::function<void(const Letter&, const std::string&)> told_;
  std::map<int32_t, std::vector<int64_t>> added_;
  std::unique_ptr<kafka::Producer> producer_;
  int64_t count_ = 0;
  bool pending_ = false;
};

}  // namespace cdc::source
