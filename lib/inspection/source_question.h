#pragma once

/// \file lib/inspection/source_question.h
/// Asks Kafka Connect and PostgreSQL how the capture of changes is.

#include "lib/config/config.h"
#include "lib/contract/verdict.h"

namespace cdc::inspection {

/// What `[source] connect_url` and `dsn` say, those that are there. Blocks, at most some ten seconds. Errors
/// become facts; no text in them holds a password.
contract::SourceFacts AskSource(const config::Source& source);

}  // namespace cdc::inspection
