#pragma once

/// \file lib/config/kafka_reader_internal.h
/// [kafka]: where the events are, and librdkafka's properties that are the user's to set.

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"

namespace cdc::config {

void ReadKafka(NodeReader r, Kafka* kafka);

}  // namespace cdc::config
