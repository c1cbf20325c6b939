#include "orchestrator/routes.h"

#include <algorithm>

#include "orchestrator/health.h"
#include "orchestrator/metrics.h"
#include "orchestrator/vitals.h"

namespace cdc::orchestrator {
namespace {

Page HealthPage(const View* view, const std::string& version) {
  Health health = Judge(view, version);
  return {health.able ? 200 : 503, "application/json", std::move(health.json)};
}

Page MetricsPage(const View* view, const std::string& version) {
  if (view == nullptr) return {503, "text/plain; charset=utf-8", "the scheduler does not answer\n"};
  std::vector<int> pids;
  for (const TableView& t : view->tables) {
    if (t.pid != 0) pids.push_back(t.pid);
  }
  return {200, kMetricsContentType, RenderMetrics(*view, ReadVitals(pids), version)};
}

}  // namespace

std::vector<Route> OperatorRoutes(std::string version) {
  return {{"/health", [version](const View* view) { return HealthPage(view, version); }},
          {"/metrics", [version](const View* view) { return MetricsPage(view, version); }}};
}

const Route* FindRoute(const std::vector<Route>& routes, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& r) { return r.path == path; });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace cdc::orchestrator
