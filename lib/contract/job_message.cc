#include "lib/contract/job_message.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/offsets_json_internal.h"

namespace cdc::contract {
namespace {

using nlohmann::json;

constexpr std::pair<Command, const char*> kCommands[] = {
    {Command::kStop, "stop"}, {Command::kYield, "yield"}, {Command::kGo, "go"}, {Command::kStay, "stay"}};

nlohmann::ordered_json ToJson(const Ready&) { return {{"type", "ready"}}; }

nlohmann::ordered_json ToJson(const Progress& p) {
  nlohmann::ordered_json o = {{"type", "progress"}, {"next", OffsetsToJson(p.next)}};
  if (p.lag) o["lag"] = *p.lag;
  o["caught_up"] = p.caught_up;
  o["in_doubt"] = p.in_doubt;
  o["events"] = p.events;
  o["rows"] = p.rows;
  o["deletes"] = p.deletes;
  o["dead_letters"] = p.dead_letters;
  o["left_alone"] = p.left_alone;
  if (p.snapshot_id) o["snapshot_id"] = *p.snapshot_id;
  o["last_commit_ms"] = p.last_commit_ms;
  o["changes"] = p.changes;
  if (p.live_rows) o["live_rows"] = *p.live_rows;
  o["upto_ms"] = p.upto_ms;
  if (!p.doing.empty()) o["doing"] = p.doing;
  return o;
}

nlohmann::ordered_json ToJson(const Exiting& e) {
  return {{"type", "exiting"}, {"next", OffsetsToJson(e.next)}};
}

Result<WorkerMessage> ProgressFrom(const json& o) {
  Progress p;
  CDC_ASSIGN(p.next, OffsetsFromJson(o.at("next")));
  if (o.contains("lag")) p.lag = o.at("lag").get<int64_t>();
  p.caught_up = o.value("caught_up", false);
  p.in_doubt = o.value("in_doubt", false);
  p.events = o.value("events", int64_t{0});
  p.rows = o.value("rows", int64_t{0});
  p.deletes = o.value("deletes", int64_t{0});
  p.dead_letters = o.value("dead_letters", int64_t{0});
  p.left_alone = o.value("left_alone", int64_t{0});
  if (o.contains("snapshot_id")) p.snapshot_id = o.at("snapshot_id").get<int64_t>();
  p.last_commit_ms = o.value("last_commit_ms", int64_t{0});
  p.changes = o.value("changes", int64_t{0});
  if (o.contains("live_rows")) p.live_rows = o.at("live_rows").get<int64_t>();
  p.upto_ms = o.value("upto_ms", int64_t{0});
  p.doing = o.value("doing", std::string());
  return WorkerMessage(std::move(p));
}

}  // namespace

std::string EncodeMessage(const WorkerMessage& message) {
  return std::visit([](const auto& m) { return ToJson(m).dump(); }, message) + "\n";
}

std::string EncodeCommand(Command command) {
  for (const auto& [value, name] : kCommands) {
    if (value == command) return fmt::format("{{\"type\":\"{}\"}}\n", name);
  }
  return {};
}

Result<WorkerMessage> DecodeMessage(std::string_view line) {
  Error bad{ErrorKind::kCorrupt, fmt::format("read a worker's message: {}", line.substr(0, 200))};
  json o = json::parse(line, nullptr, false);
  if (o.is_discarded() || !o.is_object()) return bad;
  try {
    std::string type = o.value("type", std::string());
    if (type == "ready") return WorkerMessage(Ready{});
    if (type == "progress") return ProgressFrom(o);
    if (type == "exiting") {
      CDC_ASSIGN(PartitionOffsets next, OffsetsFromJson(o.at("next")));
      return WorkerMessage(Exiting{std::move(next)});
    }
  } catch (const json::exception&) {
    // Falls through: a field of another type than ours.
  }
  return bad;
}

Result<Command> DecodeCommand(std::string_view line) {
  json o = json::parse(line, nullptr, false);
  if (!o.is_discarded() && o.is_object() && o.contains("type")) {
    for (const auto& [value, name] : kCommands) {
      if (o["type"] == name) return value;
    }
  }
  return Error{ErrorKind::kCorrupt, fmt::format("read an orchestrator's command: {}", line.substr(0, 200))};
}

}  // namespace cdc::contract
