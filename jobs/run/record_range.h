#pragma once

/// \file jobs/run/record_range.h
/// Records between two offsets, read once, in order within each partition.

#include <functional>
#include <vector>

#include "lib/core/result.h"
#include "lib/kafka/consumer.h"

namespace cdc::run {

struct RecordRange {
  kafka::TopicPartition place;
  int64_t first = 0;
  int64_t end = 0;  ///< one past the last
};

/// Calls take(record) for each record in `ranges`, of one range after another or mixed. Replaces the
/// consumer's assignment.
/// \return what `take` returns; kTransient: Kafka sends nothing more, or an offset is not there any more.
Status ReadRanges(kafka::Consumer& consumer, const std::vector<RecordRange>& ranges,
                  const std::function<Status(const kafka::Message&)>& take);

/// Everything that the topics' partitions have now. \return kTransient: some partition does not answer.
Result<std::vector<RecordRange>> WholeTopic(kafka::Consumer& consumer, const std::string& topic,
                                            int32_t partitions);

}  // namespace cdc::run
