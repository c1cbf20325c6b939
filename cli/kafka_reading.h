#pragma once

/// \file cli/kafka_reading.h

#include <memory>

#include "lib/config/config.h"
#include "lib/core/result.h"
#include "lib/kafka/consumer.h"

namespace cdc::cli {

/// A consumer of [kafka] with its properties, assigned to nothing. \return as kafka::Consumer::Make
Result<std::unique_ptr<kafka::Consumer>> OpenConsumer(const config::Config& config);

}  // namespace cdc::cli
