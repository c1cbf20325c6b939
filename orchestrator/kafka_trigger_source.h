#pragma once

/// \file orchestrator/kafka_trigger_source.h
/// TriggerSource on a real Kafka: a listener for what is idle, and a thread that asks questions.

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "lib/config/config.h"
#include "lib/log/logger.h"
#include "orchestrator/listened_topics.h"
#include "orchestrator/topic_listener.h"
#include "orchestrator/trigger_source.h"

namespace cdc::orchestrator {

/// Cost: one long poll per broker that all listened partitions share, and one answer per question, whatever
/// the number of messages. Memory: two librdkafka clients.
class KafkaTriggerSource final : public TriggerSource {
 public:
  /// Does not connect. All callbacks come from `io`, which must outlive this.
  /// \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<KafkaTriggerSource>> Make(boost::asio::io_context& io,
                                                          const config::Config& config, log::Logger logger,
                                                          TopicListener::OnChange on_change);
  ~KafkaTriggerSource() override;

  void Listen(const Topic& topic, const contract::PartitionOffsets& next) override;
  void Mute(const std::string& topic) override;
  bool Listens(const std::string& topic) const override;
  /// All topics but dead letters: a table may name any of them.
  void AskTopics(std::function<void(Result<std::vector<Topic>>)> done) override;
  void AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) override;

 private:
  struct Impl;
  explicit KafkaTriggerSource(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
