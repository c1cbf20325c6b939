#include "lib/kafka/library_version.h"

#include <librdkafka/rdkafka.h>

namespace cdc::kafka {

std::string LibraryVersion() { return std::string("librdkafka ") + rd_kafka_version_str(); }

}  // namespace cdc::kafka
