#include "orchestrator/routes.h"

#include <algorithm>

#include "orchestrator/api.h"
#include "orchestrator/detail.h"
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
constexpr int kLogLines = 100;
constexpr int kErrorsShown = 200;
constexpr int kLettersShown = 100;
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

Page NoTable() { return ApiError(404, "there is no table of this name", "/api/v1/tables lists them"); }

/// `path` has the table's name as its fourth segment.
Route OfTable(std::string path, std::function<Page(const View&, const TableView&, const Target&)> render) {
  return Api(std::move(path), [render = std::move(render)](const View& view, const Target& target) {
    const TableView* table = FindTable(view, target.path[3]);
    return table == nullptr ? NoTable() : render(view, *table, target);
  });
}

/// `limit` of the query, or `otherwise`. \return as ParseSelection()
Result<int> LimitOf(const Target& target, int otherwise) {
  CDC_ASSIGN(const Selection selection, ParseSelection(target.query));
  return target.query.count("limit") == 0 ? otherwise : static_cast<int>(selection.limit);
}

Page RunsPage(const OperatorPorts& ports, const std::string& table, const Target& target) {
  const auto limit = LimitOf(target, kRunsShown);
  if (!limit) return ApiError(400, limit.error());
  const auto found = ports.runs(table, *limit);
  if (!found) return ApiError(503, found.error());
  return {200, kJson, RenderRuns(table, *found)};
}

Page LogPage(const OperatorPorts& ports, const std::string& table, const Target& target) {
  const auto limit = LimitOf(target, kLogLines);
  if (!limit) return ApiError(400, limit.error());
  const auto lines = ports.log(table, *limit);
  if (!lines && lines.error().kind != ErrorKind::kNotFound) return ApiError(503, lines.error());
  return {200, kJson, RenderLog(table, lines ? *lines : std::vector<std::string>())};
}

Page ErrorsPage(const OperatorPorts& ports, const View& view, const Target& target) {
  const auto limit = LimitOf(target, kErrorsShown);
  if (!limit) return ApiError(400, limit.error());
  const auto failed = ports.failed_runs(*limit);
  if (!failed) return ApiError(503, failed.error());
  const std::deque<Trouble>& troubles = ports.chronicle->troubles().all();
  return {200, kJson, RenderErrors(view.now_ms, troubles, *failed, static_cast<size_t>(*limit))};
}

using LaterRenderer = std::function<void(const ViewPtr&, const TableView&, const Target&, const PageReader&)>;

/// As OfTable(), where the answer comes from elsewhere.
Route LaterOfTable(std::string path, LaterRenderer render) {
  return {.path = std::move(path),
          .later = [render = std::move(render)](const ViewPtr& view, const Target& target,
                                                const PageReader& done) {
            const TableView* table = view == nullptr ? nullptr : FindTable(*view, target.path[3]);
            if (view == nullptr) return done(ApiError(503, kSilent));
            if (table == nullptr) return done(NoTable());
            render(view, *table, target, done);
          }};
}

Route TableRoute(const OperatorPorts& ports) {
  return LaterOfTable("/api/v1/tables/*", [detail = ports.detail](const ViewPtr& view, const TableView& table,
                                                                  const Target&, const PageReader& done) {
    detail(table.table, [view, &table, done](const std::optional<TableDetail>& found) {
      done({200, kJson, RenderTable(*view, table, found ? &*found : nullptr)});
    });
  });
}

Route LettersRoute(const OperatorPorts& ports) {
  return LaterOfTable("/api/v1/tables/*/dead-letters", [letters = ports.letters](
                                                           const ViewPtr&, const TableView& table,
                                                           const Target& target, const PageReader& done) {
    const auto limit = LimitOf(target, kLettersShown);
    if (!limit) return done(ApiError(400, limit.error()));
    letters(table.table, *limit, [name = table.table, done](const Result<Letters>& found) {
      if (!found) return done(ApiError(503, found.error()));
      done({200, kJson, RenderLetters(name, *found)});
    });
  });
}

Route SourceRoute(const OperatorPorts& ports) {
  return {.path = "/api/v1/source",
          .later = [source = ports.source](const ViewPtr& view, const Target&, const PageReader& done) {
            if (view == nullptr) return done(ApiError(503, kSilent));
            source([done](const SourceDetail& found) { done({200, kJson, RenderSource(found)}); });
          }};
}

std::optional<contract::ControlCommand> ActionOf(std::string_view word) {
  if (word == "start") return contract::ControlCommand::kTrigger;
  if (word == "pause") return contract::ControlCommand::kPause;
  if (word == "resume") return contract::ControlCommand::kResume;
  if (word == "restart") return contract::ControlCommand::kRestart;
  return std::nullopt;
}

Page RefusedAction(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalidArgument: return ApiError(401, error);
    case ErrorKind::kUnsupported:
    case ErrorKind::kInvalidConfig: return ApiError(403, error);
    default: return ApiError(503, error);
  }
}

/// The orchestrator refused what somebody may ask: there is no such table, or its state forbids it.
Page FailedAction(const Error& error) {
  const bool unknown = error.kind == ErrorKind::kInvalidConfig;
  return ApiError(unknown ? 404 : error.kind == ErrorKind::kConflict ? 409 : 503, error);
}

/// \param path whose last segment is the action and whose fourth is the table
Route ActionRoute(std::string path, const OperatorPorts& ports) {
  return {.path = std::move(path),
          .act = [act = ports.act, token = ports.token](const Target& target, const ActionHeaders& headers,
                                                        const PageReader& done) {
            if (const Status may = MayAct(headers, token); !may) return done(RefusedAction(may.error()));
            const std::string table = target.path[3], action = target.path.back();
            const auto command = ActionOf(action);
            if (!command)
              return done(ApiError(404, "there is no such action", "start, pause, resume, restart"));
            act({.command = *command, .table = table}, [done, table, action](const Status& status) {
              done(status ? Page{200, kJson, RenderDone(table, action)} : FailedAction(status.error()));
            });
          }};
}

/// A route of Flink's: errors look as Flink's do.
Route Flink(std::string path, Renderer render) {
  return {std::move(path), [render = std::move(render)](const View* view, const Target& target) {
            return view == nullptr ? Page{503, kJson, RenderFlinkError(kSilent)} : render(*view, target);
          }};
}

void AddTables(const OperatorPorts& ports, std::vector<Route>* routes) {
  routes->push_back(Listing("/api/v1/tables", RenderTables));
  routes->push_back(TableRoute(ports));
  routes->push_back(
      OfTable("/api/v1/tables/*/runs", [ports](const View&, const TableView& table, const Target& target) {
        return RunsPage(ports, table.table, target);
      }));
  routes->push_back(
      OfTable("/api/v1/tables/*/log", [ports](const View&, const TableView& table, const Target& target) {
        return LogPage(ports, table.table, target);
      }));
  routes->push_back(
      OfTable("/api/v1/tables/*/history", [ports](const View&, const TableView& table, const Target&) {
        return Page{200, kJson, RenderHistory(table.table, ports.chronicle->history().OfTable(table.table))};
      }));
  routes->push_back(LettersRoute(ports));
  routes->push_back(ActionRoute("/api/v1/tables/*/actions/*", ports));
  routes->push_back(ActionRoute("/api/v1/tables/*/*", ports));
}

void AddApi(const std::string& version, const OperatorPorts& ports, std::vector<Route>* routes) {
  routes->push_back(Api("/api/v1/status", [version](const View& view, const Target&) {
    return Page{200, kJson, RenderStatus(view, version)};
  }));
  AddTables(ports, routes);
  routes->push_back(Listing("/api/v1/dead-letters", RenderDeadLetters));
  routes->push_back(Api("/api/v1/history", [ports](const View&, const Target&) {
    return Page{200, kJson, RenderHistory("", ports.chronicle->history().OfAll())};
  }));
  routes->push_back(Api("/api/v1/errors", [ports](const View& view, const Target& target) {
    return ErrorsPage(ports, view, target);
  }));
  routes->push_back(SourceRoute(ports));
  routes->push_back({"/api/v1/events",
                     [](const View*, const Target&) {
                       return Page{200, "text/event-stream", ""};
                     },
                     true});
}

void AddPage(std::vector<Route>* routes) {
  for (const page::File& file : page::Files()) {
    if (file.name == "index.html") routes->push_back({.path = "/", .file = &file});
    routes->push_back({.path = "/page/" + std::string(file.name), .file = &file});
  }
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

std::vector<Route> OperatorRoutes(std::string version, OperatorPorts ports) {
  std::vector<Route> routes = {
      {"/health", [version](const View* view, const Target&) { return HealthPage(view, version); }},
      {"/metrics", [version](const View* view, const Target&) { return MetricsPage(view, version); }}};
  AddApi(version, ports, &routes);
  AddFlink(version, &routes);
  AddPage(&routes);
  return routes;
}

const Route* FindRoute(const std::vector<Route>& routes, const Target& target, bool acts) {
  const auto matches = [&](const Route& r) {
    return (r.act != nullptr) == acts && Matches(r.path, target.path);
  };
  auto found = std::find_if(routes.begin(), routes.end(), matches);
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace cdc::orchestrator
