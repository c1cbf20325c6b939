#pragma once

/// \file orchestrator/routes.h
/// What is found at which path of `[orchestrator] listen`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

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
  std::string path;
  std::function<Page(const View*)> render;
};

/// GET /health and GET /metrics. A web page or Flink's /jobs/overview is one more entry.
std::vector<Route> OperatorRoutes(std::string version);

/// The route of a request's target (its query is ignored); null: there is none.
const Route* FindRoute(const std::vector<Route>& routes, std::string_view target);

}  // namespace cdc::orchestrator
