#pragma once

/// \file lib/inspection/connect_answer.h
/// What Kafka Connect says of its connectors, as facts. Pure.

#include <string_view>

#include "lib/contract/verdict.h"
#include "lib/core/result.h"

namespace cdc::inspection {

/// Reads the answer of `GET /connectors?expand=status&expand=info` (Kafka Connect 2.3 and newer). Of the
/// connectors' settings only `topic.prefix` (before Debezium 2: `database.server.name`) and `slot.name` are
/// taken: others may be passwords. \param topic_prefix connectors of other prefixes are counted only \return
/// kCorrupt: it is no such answer.
Result<contract::ConnectFacts> ReadConnectors(std::string_view body, std::string_view topic_prefix);

/// `text` up to its first line break, and not more than a few hundred bytes.
std::string FirstLine(std::string_view text);

}  // namespace cdc::inspection
