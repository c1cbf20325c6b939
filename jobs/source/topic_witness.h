#pragma once

/// \file jobs/source/topic_witness.h
/// Whether a topic that is being read is still the one it was. One that is deleted and made anew under its
/// name goes on at the same offset for whoever reads it, without a sign: librdkafka hides the broker's answer
/// for the moment in between, and does not tell topics' ids.

#include <memory>
#include <optional>
#include <string>

#include "lib/contract/last_records.h"
#include "lib/kafka/consumer.h"

namespace cdc::source {

/// Reads records a second time, by a connection of its own that is made when it is first needed: the reader's
/// is not disturbed. One thread at a time: behind a backlog it is the committing one.
class TopicWitness {
 public:
  /// \param reader the options of the consumer that reads the topic; how much it fetches is not taken over
  explicit TopicWitness(kafka::ConsumerOptions reader);

  /// One request, about a millisecond.
  ///
  /// \param known records that were read of `topic`; not empty
  /// \return a partition that has another record there, or ends before it: the topic was made anew, or lost
  ///   records. Nothing: the rest are the same, or are not there any more (retention, compaction). Errors as
  ///   Consumer's; kTransient also: no answer within 5 s, or the topic is not there.
  Result<std::optional<int32_t>> FindOther(const std::string& topic, const contract::LastRecords& known);

 private:
  Result<std::optional<int32_t>> Look(const std::string& topic, contract::LastRecords open);

  kafka::ConsumerOptions options_;
  std::unique_ptr<kafka::Consumer> consumer_;
};

}  // namespace cdc::source
