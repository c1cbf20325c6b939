#include "orchestrator/health.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/overview.h"
#include "lib/contract/verdict.h"

namespace cdc::orchestrator {
namespace {

using nlohmann::ordered_json;

constexpr size_t kHeldShown = 100, kReasonsShown = 20;  // of perhaps thousands: the answer stays small

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

/// One line for everything that concerns all tables, and one for each kind of trouble that tables have.
ordered_json Problems(const contract::Verdict& verdict) {
  auto problems = ordered_json::array();
  std::vector<std::pair<std::string, std::vector<const contract::Reason*>>> kinds;
  for (const contract::Reason& reason : verdict.reasons) {
    if (reason.table.empty()) {
      problems.push_back(reason.text);
      continue;
    }
    auto kind =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == reason.code; });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {reason.code, {}});
    kind->second.push_back(&reason);
  }
  for (const auto& [code, reasons] : kinds) {
    if (code == "held")
      problems.push_back(fmt::format("{} tables are Held", reasons.size()));
    else
      problems.push_back(fmt::format(
          "{}{}: {}", reasons.front()->table,
          reasons.size() > 1 ? fmt::format(" and {} more", reasons.size() - 1) : "", reasons.front()->text));
  }
  return problems;
}

ordered_json Kafka(const View& view, const contract::Facts& facts) {
  ordered_json kafka = {{"connected", view.kafka_connected},
                        {"silent_seconds", view.kafka_silence.count() / 1000},
                        {"state", contract::KafkaWord(facts.kafka)}};
  if (view.kafka_away_since_ms > 0) kafka["away_since_ms"] = view.kafka_away_since_ms;
  if (!view.kafka_error.empty()) kafka["error"] = view.kafka_error;
  return kafka;
}

}  // namespace

Health Judge(const View* view, std::string_view version) {
  if (view == nullptr) {
    const auto problems = ordered_json::array(
        {fmt::format("the scheduler has not answered for {} s", kSchedulerPatience.count() / 1000)});
    return {false, Dump({{"status", "down"}, {"problems", problems}, {"version", version}})};
  }
  const contract::Facts facts = FactsOf(*view);
  const contract::Verdict verdict = contract::Judge(facts);
  size_t held_total = 0;
  const ordered_json held = HeldTables(*view, &held_total);
  const bool able = verdict.level != contract::Level::kDown;
  const char* status = able && view->stopping ? "stopping" : contract::ToString(verdict.level);
  return {able,
          Dump({{"status", status},
                {"problems", Problems(verdict)},
                {"reasons", ordered_json::parse(contract::EncodeReasons(verdict.reasons, kReasonsShown))},
                {"tables", view->tables.size()},
                {"running", view->running},
                {"waiting", view->waiting},
                {"max_jobs", view->max_jobs},
                {"held_total", held_total},
                {"held", held},
                {"kafka", Kafka(*view, facts)},
                {"source", {{"state", contract::SourceWord(view->source)}}},
                {"ledger", {{"writable", view->ledger_writable}}},
                {"uptime_seconds", view->uptime.count() / 1000},
                {"version", version}})};
}

}  // namespace cdc::orchestrator
