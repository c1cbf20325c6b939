#include "jobs/source/topic_witness.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

namespace cdc::source {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPoll{100};
constexpr size_t kMessages = 64;

}  // namespace

TopicWitness::TopicWitness(kafka::ConsumerOptions reader) : options_(std::move(reader)) {
  options_.queued_bytes = 1 << 20;
  options_.poll_bytes = 1 << 20;
  options_.fetch_bytes = 1 << 20;
  options_.fetch_partition_bytes = 16 << 10;
  options_.fetch_wait = std::chrono::milliseconds{10};
}

Result<std::optional<int32_t>> TopicWitness::FindOther(const std::string& topic,
                                                       const contract::LastRecords& known) {
  if (!consumer_) {
    CDC_ASSIGN(consumer_, kafka::Consumer::Make(options_));
  }
  std::vector<kafka::TopicPartitionOffset> start;
  for (const auto& [partition, record] : known) start.push_back({topic, partition, record.offset});
  CDC_TRY(consumer_->Assign(start));
  auto other = Look(topic, known);
  CDC_TRY(consumer_->Assign({}));
  return other;
}

/// \param open what has not been seen yet
Result<std::optional<int32_t>> TopicWitness::Look(const std::string& topic, contract::LastRecords open) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  kafka::MessageBatch batch;
  while (!open.empty()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{ErrorKind::kTransient,
                   fmt::format("Kafka did not show the last records of {} again", topic)};
    }
    const Status polled = consumer_->Poll(kPoll, kMessages, &batch);
    if (!polled && polled.error().kind != ErrorKind::kTransient) return polled.error();
    for (const kafka::Message& message : batch) {
      const auto record = open.find(message.partition());
      if (record == open.end()) continue;
      const contract::LastRecord known = record->second;
      open.erase(record);
      if (message.offset() == known.offset &&
          contract::Fingerprint(message.key(), message.value(), message.timestamp_ms()) !=
              known.fingerprint) {
        return std::optional(message.partition());
      }
    }
    for (const kafka::PartitionEnd& end : batch.ends()) {
      const auto record = open.find(end.partition);
      if (record == open.end()) continue;
      if (end.offset <= record->second.offset) return std::optional(end.partition);
      open.erase(record);
    }
    for (const kafka::PartitionProblem& problem : batch.problems()) {
      const auto record = open.find(problem.partition);
      if (record == open.end() || problem.error.kind == ErrorKind::kTransient) continue;
      if (problem.error.kind == ErrorKind::kNotFound) {
        return Error{ErrorKind::kTransient, problem.error.message, problem.error.hint};
      }
      if (!problem.out_of_range) return problem.error;
      if (problem.end >= 0 && problem.end <= record->second.offset) return std::optional(problem.partition);
      open.erase(record);
    }
  }
  return std::optional<int32_t>();
}

}  // namespace cdc::source
