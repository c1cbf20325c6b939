#pragma once

/// \file orchestrator/routes.h
/// What is found at which path of `[orchestrator] listen`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/action_guard.h"
#include "orchestrator/page/files.h"
#include "orchestrator/ports.h"
#include "orchestrator/request.h"
#include "orchestrator/view.h"
#include "orchestrator/view_desk.h"

namespace cdc::orchestrator {

struct Page {
  int status = 200;
  std::string content_type;
  std::string body;
};
/// Takes an answer, once, on any thread.
using PageReader = std::function<void(Page)>;

/// One of them is set: how the path is answered, on the HTTP server's thread. The view is null when the
/// scheduler did not answer within kSchedulerPatience.
struct Route {
  std::string path;  ///< "/api/v1/tables/*": as Matches() has it
  std::function<Page(const View*, const Target&)> render = {};
  bool events = false;  ///< an endless answer: the server sends what its EventDesk tells
  /// The answer comes from elsewhere, within kLaterPatience.
  std::function<void(const ViewPtr&, const Target&, const PageReader&)> later = {};
  const page::File* file = nullptr;
  /// POST only; all others are for GET and HEAD. It judges by itself whether the client may.
  std::function<void(const Target&, const ActionHeaders&, const PageReader&)> act = {};
};

inline constexpr Millis kLaterPatience{20'000};

/// The page, /health, /metrics, /api/v1 and Flink's paths.
std::vector<Route> OperatorRoutes(std::string version, OperatorPorts ports);

/// The first route of the path; null: there is none. \param acts whether it is one for POST
const Route* FindRoute(const std::vector<Route>& routes, const Target& target, bool acts = false);

}  // namespace cdc::orchestrator
