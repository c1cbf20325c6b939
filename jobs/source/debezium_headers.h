#pragma once

/// \file jobs/source/debezium_headers.h
/// What Debezium says of a key change in the headers of its two records (documentation of the PostgreSQL
/// connector, "Primary key updates").

#include <optional>
#include <string_view>

#include "lib/kafka/message.h"

namespace cdc::source {

/// On the delete of a key change: the key that the row goes to.
inline constexpr const char* kNewKeyHeader = "__debezium.newkey";
/// On the create of a key change: the key that the row had.
inline constexpr const char* kOldKeyHeader = "__debezium.oldkey";

/// Nothing: the record has no such header.
inline std::optional<std::string_view> HeaderOf(const kafka::Message& message, const char* name) {
  return message.has_headers() ? message.header(name) : std::nullopt;
}

}  // namespace cdc::source
