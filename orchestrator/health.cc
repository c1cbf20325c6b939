#include "orchestrator/health.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cdc::orchestrator {
namespace {

using nlohmann::ordered_json;

constexpr size_t kHeldShown = 100;  // of perhaps thousands: the answer stays small

std::string Dump(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json HeldTables(const View& view, size_t* total) {
  auto list = ordered_json::array();
  for (const TableView& t : view.tables) {
    if (t.phase != Phase::kHeld) continue;
    if (++*total <= kHeldShown) list.push_back({{"table", t.table}, {"reason", t.reason}, {"hint", t.hint}});
  }
  return list;
}

}  // namespace

Health Judge(const View* view, std::string_view version) {
  auto problems = ordered_json::array();
  if (view == nullptr) {
    problems.push_back(
        fmt::format("the scheduler has not answered for {} s", kSchedulerPatience.count() / 1000));
    return {false, Dump({{"status", "down"}, {"problems", problems}, {"version", version}})};
  }
  size_t held_total = 0;
  const ordered_json held = HeldTables(*view, &held_total);
  const bool silent = view->kafka_silence > kKafkaPatience && !view->stopping;
  const bool able = !silent && view->ledger_writable;
  if (!view->ledger_writable) problems.push_back("the ledger in state_dir cannot be written: see the log");
  if (silent) {
    problems.push_back(fmt::format("Kafka has not answered for {} s", view->kafka_silence.count() / 1000));
  } else if (!view->kafka_connected) {
    problems.push_back("Kafka does not answer");
  }
  if (held_total > 0) problems.push_back(fmt::format("{} tables are Held", held_total));
  const char* status = !able ? "down" : view->stopping ? "stopping" : !problems.empty() ? "degraded" : "ok";
  return {
      able,
      Dump({{"status", status},
            {"problems", problems},
            {"tables", view->tables.size()},
            {"running", view->running},
            {"waiting", view->waiting},
            {"max_jobs", view->max_jobs},
            {"held_total", held_total},
            {"held", held},
            {"kafka",
             {{"connected", view->kafka_connected}, {"silent_seconds", view->kafka_silence.count() / 1000}}},
            {"ledger", {{"writable", view->ledger_writable}}},
            {"uptime_seconds", view->uptime.count() / 1000},
            {"version", version}})};
}

}  // namespace cdc::orchestrator
