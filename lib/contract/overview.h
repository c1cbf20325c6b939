#pragma once

/// \file lib/contract/overview.h
/// What `cdc status` shows above and below the tables: the orchestrator's own state and its verdict, as it
/// travels over the control socket.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/contract/ledger.h"
#include "lib/contract/verdict.h"
#include "lib/core/result.h"

namespace cdc::contract {

struct Overview {
  int pid = 0;
  int64_t uptime_ms = 0;
  int workers = 0;
  int max_jobs = 0;
  std::string kafka = {};   ///< KafkaWord()
  std::string source = {};  ///< SourceWord()
  Verdict verdict = {};
  std::vector<TableRecord> tables = {};
};

/// One JSON object; the verdict's reasons as /health has them.
std::string EncodeOverview(const Overview& overview, int64_t now_ms);
/// \return kCorrupt: no such object.
Result<Overview> DecodeOverview(std::string_view json);

/// A JSON list of at most `most` reasons: `{"level","code","table","text","hint","since_ms"}`.
std::string EncodeReasons(const std::vector<Reason>& reasons, size_t most);

}  // namespace cdc::contract
