#pragma once

/// \file lib/kafka/library_version.h

#include <string>

namespace cdc::kafka {

/// Which librdkafka this program runs with, as "librdkafka 2.16.1". It may be newer than its headers.
std::string LibraryVersion();

}  // namespace cdc::kafka
