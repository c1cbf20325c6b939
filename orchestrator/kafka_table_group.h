#pragma once

/// \file orchestrator/kafka_table_group.h
/// TableGroup by a consumer group of Kafka: `<group_id>-orchestrators`.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>

#include "lib/config/config.h"
#include "lib/log/logger.h"
#include "orchestrator/sharing.h"

namespace cdc::orchestrator {

/// Everything that waits for a broker happens on a thread of its own. Handlers are called from `io`.
class KafkaTableGroup final : public TableGroup {
 public:
  struct Handlers {
    std::function<void(std::set<std::string> topics, std::set<std::string> wanted_back)> on_share;
    std::function<void(std::map<std::string, std::string> owners)> on_owners;
  };

  /// Does not connect. `io` must outlive it. \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<KafkaTableGroup>> Make(boost::asio::io_context& io,
                                                       const config::Config& config, log::Logger logger,
                                                       Handlers handlers);
  /// Leaves the group.
  ~KafkaTableGroup() override;

  void Share(std::set<std::string> topics) override;
  void Release() override;

 private:
  struct Impl;
  explicit KafkaTableGroup(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
