#pragma once

/// \file orchestrator/topic_listener.h
/// Waits for the first message after an offset, in many topics at once, on a thread of its own.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "lib/contract/offsets.h"
#include "lib/kafka/consumer.h"
#include "lib/log/logger.h"

namespace cdc::orchestrator {

/// Everything that may wait for a broker happens on the listener's thread, so that an outage never delays the
/// event loop. Methods return at once and may be called from the event loop only; their effects keep their
/// order.
class TopicListener {
 public:
  /// The first new message of a topic, from `io`; `op`: Debezium's letter, "" when the message does not say.
  using OnChange = std::function<void(const std::string& topic, const std::string& op)>;
  /// Topic → partition → offset to begin at, kafka::kEarliest included.
  using Positions = std::map<std::string, contract::PartitionOffsets>;

  /// \param options all but the fetch wait, which the number of partitions decides
  TopicListener(boost::asio::io_context& io, kafka::ConsumerOptions options, log::Logger logger,
                OnChange on_change);
  /// Waits for what its thread is doing: seconds during an outage.
  ~TopicListener();

  /// Reports the first message of each of these topics, once, and is then mute about it. An offset that is
  /// not there any more is reported too.
  void Listen(Positions positions);
  void Mute(const std::string& topic);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Debezium's operation letter out of a message's value, found without parsing it; "d" for a tombstone.
std::string OperationOf(std::optional<std::string_view> value);

}  // namespace cdc::orchestrator
