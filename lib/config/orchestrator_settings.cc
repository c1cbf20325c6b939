/// \file lib/config/orchestrator_settings.cc
/// [orchestrator]: how many workers, how often, and where their state is.

#include <charconv>

#include <fmt/format.h>

#include "lib/config/setting_internal.h"

namespace cdc::config {
namespace {

using std::chrono::hours;

void ReadStateDir(NodeReader& r, Orchestrator* o) {
  std::string state_dir = "state";
  r.String("state_dir", &state_dir);
  o->state_dir = WithoutLastSlash((r.document().folder / state_dir).lexically_normal().string());
}

bool IsAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  return parsed.ec == std::errc() && parsed.ptr == end && port > 0 && port < 65536;
}

void ReadListen(NodeReader& r, Orchestrator* o) {
  r.String("listen", &o->listen, true);
  if (o->listen.empty() || IsAddress(o->listen)) return;
  r.Fail("listen",
         fmt::format("\"{}\" is not allowed: write host:port, port 1 to 65535, or \"\" for none", o->listen));
}

}  // namespace

const std::vector<Setting<Orchestrator>>& OrchestratorSettings() {
  static const std::vector<Setting<Orchestrator>> settings = {
      OwnSetting<Orchestrator>(
          "state_dir", {.kind = ValueShape::Kind::kPath}, ReadStateDir,
          [](const Orchestrator& o) { return o.state_dir.string(); },
          "ledger, key indexes, locks, logs; made for its user alone (0700). On a local disk. Before a "
          "change "
          "`cdc stop`: `cdc` looks for "
          "the "
          "orchestrator in it")
          .Shown("`state`")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
      DurationSetting("rate_limit", &Orchestrator::rate_limit, Millis(0), hours(24),
                      "between two worker starts of a table")
          .When(Applies::kAtOnce),
      DurationSetting(
          "idle_timeout", &Orchestrator::idle_timeout, Millis(100), hours(24),
          "without a change, then the worker exits; a worker keeps the one that it was started with")
          .When(Applies::kAtOnce),
      WholeSetting("max_jobs", &Orchestrator::max_jobs, 1, 1024, "workers at once").When(Applies::kAtOnce),
      OwnSetting<Orchestrator>("listen", &Orchestrator::listen, ReadListen,
                               "a web page at `/`, `GET /health`, Prometheus `GET /metrics`, JSON at `/api/v1`; `\"\"`: none")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
      OwnSetting<Orchestrator>(
          "host_names", {.kind = ValueShape::Kind::kList},
          [](NodeReader& r, Orchestrator* o) { r.StringList("host_names", &o->host_names); },
          [](const Orchestrator& o) { return o.host_names.empty() ? std::string() : ListText(o.host_names); },
          "names that clients may call `listen` by, besides its own and `localhost`: "
          "`[\"cdc.example.org\"]`. "
          "A request with another `Host` is refused")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
      FlagSetting("actions", &Orchestrator::actions,
                  "whoever has the token in `state_dir/api-token` may start, pause, resume and restart tables "
                  "at `listen`; `cdc page` prints the page's address with it")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
      FlagSetting("share", &Orchestrator::share,
                  "all orchestrators with this key and the same `[kafka] group_id`, on any machines, share the tables: "
                  "each table is at one of them, and moves when one dies or joins")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
      OwnSetting<Orchestrator>(
          "name", {}, [](NodeReader& r, Orchestrator* o) { r.String("name", &o->name); },
          [](const Orchestrator& o) { return o.name; }, "what the others call this one, where they share tables")
          .Shown("the host's name")
          .When(Applies::kOrchestrator)
          .NotForWorkers(),
  };
  return settings;
}

}  // namespace cdc::config
