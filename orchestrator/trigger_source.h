#pragma once

/// \file orchestrator/trigger_source.h
/// Port to the log that changes come from: which topics there are, where they end, and the first message
/// after an offset. Words are Kafka's; any log of numbered messages in partitions fits behind it.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::orchestrator {

struct Topic {
  std::string name;
  int32_t partitions = 0;
  friend bool operator==(const Topic&, const Topic&) = default;
};

/// What is in a partition. A partition that is not in an answer is unknown, not empty.
struct Span {
  std::optional<int64_t> low;  ///< only when asked for
  int64_t end = 0;             ///< offset after the last message that may be read
};
using Spans = std::unordered_map<std::string, std::map<int32_t, Span>>;

struct SpanQuery {
  std::string topic;
  int32_t partitions = 0;
  bool low = false;
};

/// KafkaTriggerSource is real; tests have a fake. Everything happens on one thread, the caller's; callbacks
/// come from its event loop, never from inside a call.
class TriggerSource {
 public:
  virtual ~TriggerSource() = default;

  /// Reports the first message at or after `next` of any partition, once, through the handler the source was
  /// made with, and is then mute. A partition that `next` does not know starts at its oldest message. Also
  /// reported: an offset that is not there any more, because the worker has to judge it.
  virtual void Listen(const Topic& topic, const contract::PartitionOffsets& next) = 0;
  /// Reports nothing of this topic until the next Listen().
  virtual void Mute(const std::string& topic) = 0;
  /// False: nothing will be reported of it, because it was reported, muted, or had to give way to topics that
  /// were listened to later. Then only AskSpans() tells of changes.
  virtual bool Listens(const std::string& topic) const = 0;

  virtual void AskTopics(std::function<void(Result<std::vector<Topic>>)> done) = 0;
  virtual void AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) = 0;
};

}  // namespace cdc::orchestrator
