#pragma once

/// \file orchestrator/ports.h
/// What answers of the HTTP server take from elsewhere: other threads, the ledger, logs, Kafka. Called on the
/// server's thread. A `done` is called once, on any thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/core/result.h"
#include "orchestrator/chronicle.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// A dead letter; bytes that are no text are shown as escapes.
struct Letter {
  std::string topic = {};  ///< where the record was, as partition and offset
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t written_ms = 0;
  std::string reason = {};
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  bool cut = false;  ///< key or value is longer than what is shown
};

struct Letters {
  std::vector<Letter> letters = {};  ///< the newest first, each once
  bool complete = true;              ///< there are no older ones
};

struct OperatorPorts {
  /// The newest runs of a table, at most so many.
  std::function<Result<std::vector<contract::RunRecord>>(std::string_view table, int limit)> runs = {};
  /// The newest runs of all tables that failed, at most so many.
  std::function<Result<std::vector<contract::RunRecord>>(int limit)> failed_runs = {};
  /// The last lines of what the table's workers wrote. \return kNotFound: nothing yet
  std::function<Result<std::vector<std::string>>(std::string_view table, int lines)> log = {};
  /// Nothing: there is no such table any more.
  std::function<void(const std::string& table, std::function<void(std::optional<TableDetail>)> done)> detail =
      {};
  std::function<void(std::function<void(SourceDetail)> done)> source = {};
  /// The newest letters of a table, at most so many.
  std::function<void(const std::string& table, int limit, std::function<void(Result<Letters>)> done)>
      letters = {};
  /// As over the control socket.
  std::function<void(const contract::ControlRequest&, std::function<void(Status)> done)> act = {};
  std::string token = {};                           ///< for `act`; empty: actions are off
  std::shared_ptr<const Chronicle> chronicle = {};  ///< on the server's thread
};

}  // namespace cdc::orchestrator
