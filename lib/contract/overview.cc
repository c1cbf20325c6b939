#include "lib/contract/overview.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cdc::contract {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr Level kLevels[] = {Level::kOk, Level::kAttention, Level::kDown};
constexpr size_t kMostReasons = 1'000;  // of perhaps ten thousand tables

std::string Dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Level LevelOf(const std::string& word) {
  const auto found = std::find_if(std::begin(kLevels), std::end(kLevels),
                                  [&](Level level) { return word == ToString(level); });
  return found == std::end(kLevels) ? Level::kAttention : *found;
}

Verdict VerdictFrom(const json& o) {
  Verdict verdict;
  verdict.level = LevelOf(o.at("level"));
  for (const json& r : o.at("reasons")) {
    verdict.reasons.push_back(
        {LevelOf(r.at("level")), r.at("code"), r.at("table"), r.at("text"), r.at("hint"), r.at("since_ms")});
  }
  return verdict;
}

}  // namespace

std::string EncodeReasons(const std::vector<Reason>& reasons, size_t most) {
  auto list = ordered_json::array();
  for (size_t i = 0; i < std::min(most, reasons.size()); ++i) {
    const Reason& r = reasons[i];
    list.push_back({{"level", ToString(r.level)},
                    {"code", r.code},
                    {"table", r.table},
                    {"text", r.text},
                    {"hint", r.hint},
                    {"since_ms", r.since_ms}});
  }
  return Dump(list);
}

std::string EncodeOverview(const Overview& overview, int64_t now_ms) {
  ordered_json o = {{"pid", overview.pid},
                    {"uptime_ms", overview.uptime_ms},
                    {"workers", overview.workers},
                    {"max_jobs", overview.max_jobs},
                    {"kafka", overview.kafka},
                    {"source", overview.source},
                    {"level", ToString(overview.verdict.level)}};
  o["reasons"] = ordered_json::parse(EncodeReasons(overview.verdict.reasons, kMostReasons));
  o["tables"] = ordered_json::parse(EncodeStatus(overview.tables, now_ms));
  return Dump(o);
}

Result<Overview> DecodeOverview(std::string_view text) {
  const Error bad{ErrorKind::kCorrupt, fmt::format("read a status: {}", text.substr(0, 200))};
  const json o = json::parse(text, nullptr, false);
  if (o.is_discarded() || !o.is_object()) return bad;
  try {
    Overview overview;
    overview.pid = o.at("pid");
    overview.uptime_ms = o.at("uptime_ms");
    overview.workers = o.at("workers");
    overview.max_jobs = o.at("max_jobs");
    overview.kafka = o.at("kafka");
    overview.source = o.at("source");
    overview.verdict = VerdictFrom(o);
    CDC_ASSIGN(overview.tables, DecodeStatus(o.at("tables").dump()));
    return overview;
  } catch (const json::exception&) {
    return bad;
  }
}

}  // namespace cdc::contract
