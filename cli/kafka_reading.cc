#include "cli/kafka_reading.h"

#include <utility>

#include "lib/kafka/properties.h"

namespace cdc::cli {

Result<std::unique_ptr<kafka::Consumer>> OpenConsumer(const config::Config& config) {
  kafka::ConsumerOptions options;
  options.bootstrap_servers = config.kafka.bootstrap_servers;
  options.properties = kafka::PropertiesOf(config.kafka.properties);
  return kafka::Consumer::Make(std::move(options));
}

}  // namespace cdc::cli
