#include "orchestrator/routes.h"

#include <algorithm>

#include "orchestrator/api.h"
#include "orchestrator/flink.h"
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

constexpr const char* kJson = "application/json";
constexpr int kRunsShown = 50;
constexpr std::string_view kSilent = "the scheduler does not answer";

Page ApiError(int status, std::string_view error, std::string_view hint = "") {
  return {status, kJson, RenderError(error, hint)};
}
Page ApiError(int status, const Error& error) { return ApiError(status, error.message, error.hint); }

using Renderer = std::function<Page(const View&, const Target&)>;

/// A route of the API: it needs a view.
Route Api(std::string path, Renderer render) {
  return {std::move(path), [render = std::move(render)](const View* view, const Target& target) {
            return view == nullptr ? ApiError(503, kSilent) : render(*view, target);
          }};
}

Route Listing(std::string path, std::string (*render)(const View&, const Selection&)) {
  return Api(std::move(path), [render](const View& view, const Target& target) -> Page {
    const auto selection = ParseSelection(target.query);
    if (!selection) return ApiError(400, selection.error());
    return {200, kJson, render(view, *selection)};
  });
}

/// `path` has the table's name as its fourth segment.
Route OfTable(std::string path, std::function<Page(const View&, const TableView&, const Target&)> render) {
  return Api(std::move(path), [render = std::move(render)](const View& view, const Target& target) {
    const TableView* table = FindTable(view, target.path[3]);
    return table == nullptr ? ApiError(404, "there is no table of this name", "/api/v1/tables lists them")
                            : render(view, *table, target);
  });
}

Page RunsPage(const RunsReader& runs, const std::string& table, const Target& target) {
  const auto selection = ParseSelection(target.query);
  if (!selection) return ApiError(400, selection.error());
  const bool all = target.query.count("limit") == 0;
  const auto found = runs(table, all ? kRunsShown : static_cast<int>(selection->limit));
  if (!found) return ApiError(503, found.error());
  return {200, kJson, RenderRuns(table, *found)};
}

/// A route of Flink's: errors look as Flink's do.
Route Flink(std::string path, Renderer render) {
  return {std::move(path), [render = std::move(render)](const View* view, const Target& target) {
            return view == nullptr ? Page{503, kJson, RenderFlinkError(kSilent)} : render(*view, target);
          }};
}

void AddApi(const std::string& version, const RunsReader& runs, std::vector<Route>* routes) {
  routes->push_back(Api("/api/v1/status", [version](const View& view, const Target&) {
    return Page{200, kJson, RenderStatus(view, version)};
  }));
  routes->push_back(Listing("/api/v1/tables", RenderTables));
  routes->push_back(OfTable("/api/v1/tables/*", [](const View& view, const TableView& table, const Target&) {
    return Page{200, kJson, RenderTable(view, table)};
  }));
  routes->push_back(
      OfTable("/api/v1/tables/*/runs", [runs](const View&, const TableView& table, const Target& target) {
        return RunsPage(runs, table.table, target);
      }));
  routes->push_back(Listing("/api/v1/dead-letters", RenderDeadLetters));
  routes->push_back({"/api/v1/events",
                     [](const View*, const Target&) {
                       return Page{200, "text/event-stream", ""};
                     },
                     true});
}

void AddFlink(const std::string& version, std::vector<Route>* routes) {
  routes->push_back(Flink("/jobs/overview", [](const View& view, const Target&) {
    return Page{200, kJson, RenderJobs(view)};
  }));
  routes->push_back(Flink("/jobs/*", [](const View& view, const Target& target) {
    const TableView* table = FindJob(view, target.path[1]);
    if (table == nullptr) return Page{404, kJson, RenderFlinkError("Job " + target.path[1] + " not found")};
    return Page{200, kJson, RenderJob(view, *table)};
  }));
  routes->push_back(Flink("/overview", [version](const View& view, const Target&) {
    return Page{200, kJson, RenderCluster(view, version)};
  }));
}

}  // namespace

std::vector<Route> OperatorRoutes(std::string version, RunsReader runs) {
  std::vector<Route> routes = {
      {"/health", [version](const View* view, const Target&) { return HealthPage(view, version); }},
      {"/metrics", [version](const View* view, const Target&) { return MetricsPage(view, version); }}};
  AddApi(version, runs, &routes);
  AddFlink(version, &routes);
  return routes;
}

const Route* FindRoute(const std::vector<Route>& routes, const Target& target) {
  auto found = std::find_if(routes.begin(), routes.end(),
                            [&](const Route& r) { return Matches(r.path, target.path); });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace cdc::orchestrator
