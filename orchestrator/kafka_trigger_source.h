#pragma once

/// \file orchestrator/kafka_trigger_source.h
/// TriggerSource on a real Kafka: one consumer that is assigned what is listened to, one thread that asks
/// questions.

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "lib/config/config.h"
#include "lib/log/logger.h"
#include "orchestrator/trigger_source.h"

namespace cdc::orchestrator {

/// The first new message of a topic; `op`: Debezium's letter, "" when the message does not say.
using OnChange = std::function<void(const std::string& topic, const std::string& op)>;

/// Cost: one long poll per broker that all idle partitions share, and one answer per question, whatever the
/// number of messages. Memory: two librdkafka clients (the second for questions that block, so that an outage
/// never delays the event loop).
class KafkaTriggerSource final : public TriggerSource {
 public:
  /// Does not connect. All callbacks come from `io`, which must outlive this.
  /// \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<KafkaTriggerSource>> Make(boost::asio::io_context& io,
                                                          const config::Config& config, log::Logger logger,
                                                          OnChange on_change);
  ~KafkaTriggerSource() override;

  void Listen(const Topic& topic, const contract::PartitionOffsets& next) override;
  void Mute(const std::string& topic) override;
  void AskTopics(std::function<void(Result<std::vector<Topic>>)> done) override;
  void AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) override;

 private:
  struct Impl;
  explicit KafkaTriggerSource(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// Debezium's operation letter out of a message's value, found without parsing it; "d" for a tombstone.
std::string OperationOf(std::optional<std::string_view> value);

}  // namespace cdc::orchestrator
