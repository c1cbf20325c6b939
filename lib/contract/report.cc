#include "lib/contract/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/offsets_json_internal.h"
#include "lib/core/redaction.h"

namespace cdc::contract {

using nlohmann::json;

std::string EncodeReport(const Report& r) {
  nlohmann::ordered_json o = {{"table", r.table},
                              {"run", r.run},
                              {"exit", r.exit},
                              {"from", OffsetsToJson(r.from)},
                              {"to", OffsetsToJson(r.to)},
                              {"events", r.events},
                              {"rows", r.rows},
                              {"deletes", r.deletes},
                              {"dead_letters", r.dead_letters},
                              {"left_alone", r.left_alone},
                              {"changes", r.changes},
                              {"live_rows", nullptr},
                              {"snapshot_id", nullptr},
                              {"seconds", r.seconds},
                              {"peak_rss_bytes", r.peak_rss_bytes}};
  if (r.snapshot_id) o["snapshot_id"] = *r.snapshot_id;
  if (r.live_rows) o["live_rows"] = *r.live_rows;
  if (!r.reason.empty()) o["reason"] = WithoutSecrets(r.reason);
  return o.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Report> DecodeReport(std::string_view line) {
  json o = json::parse(line, nullptr, false);
  Error bad{ErrorKind::kCorrupt,
            fmt::format("read a worker's report: not its JSON object: {}", line.substr(0, 200))};
  if (o.is_discarded() || !o.is_object() || !o.contains("table")) return bad;
  try {
    Report r;
    r.table = o.at("table").get<std::string>();
    if (auto it = o.find("run"); it != o.end()) r.run = it->is_string() ? it->get<std::string>() : it->dump();
    r.exit = o.value("exit", 0);
    CDC_ASSIGN(r.from, OffsetsFromJson(o.value("from", json::object())));
    CDC_ASSIGN(r.to, OffsetsFromJson(o.value("to", json::object())));
    r.events = o.value("events", int64_t{0});
    r.rows = o.value("rows", int64_t{0});
    r.deletes = o.value("deletes", int64_t{0});
    r.dead_letters = o.value("dead_letters", int64_t{0});
    r.left_alone = o.value("left_alone", int64_t{0});
    r.changes = o.value("changes", int64_t{0});
    if (auto it = o.find("live_rows"); it != o.end() && !it->is_null()) r.live_rows = it->get<int64_t>();
    if (auto it = o.find("snapshot_id"); it != o.end() && !it->is_null()) r.snapshot_id = it->get<int64_t>();
    r.seconds = o.value("seconds", 0.0);
    r.peak_rss_bytes = o.value("peak_rss_bytes", int64_t{0});
    r.reason = o.value("reason", std::string());
    return r;
  } catch (const json::exception&) {
    return bad;
  }
}

}  // namespace cdc::contract
