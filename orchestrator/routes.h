#pragma once

/// \file orchestrator/routes.h
/// What is found at which path of `[orchestrator] listen`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/contract/ledger.h"
#include "lib/core/result.h"
#include "orchestrator/request.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

struct Page {
  int status = 200;
  std::string content_type;
  std::string body;
};

/// Read with GET or HEAD. `render` is called from the HTTP server's thread; the view is null when the
/// scheduler did not answer within kSchedulerPatience.
struct Route {
  std::string path;  ///< "/api/v1/tables/*": as Matches() has it
  std::function<Page(const View*, const Target&)> render;
  bool events = false;  ///< an endless answer: the server sends what its EventDesk tells
};

/// The newest runs of a table, at most so many. Called from the HTTP server's thread.
using RunsReader = std::function<Result<std::vector<contract::RunRecord>>(std::string_view table, int limit)>;

/// /health, /metrics, /api/v1 and Flink's paths.
std::vector<Route> OperatorRoutes(std::string version, RunsReader runs);

/// The first route of the path; null: there is none.
const Route* FindRoute(const std::vector<Route>& routes, const Target& target);

}  // namespace cdc::orchestrator
