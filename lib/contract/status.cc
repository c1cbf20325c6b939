#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/ledger.h"
#include "lib/contract/offsets_json_internal.h"

namespace cdc::contract {

using nlohmann::json;

std::string EncodeStatus(const std::vector<TableRecord>& tables) {
  auto list = nlohmann::ordered_json::array();
  for (const TableRecord& t : tables) {
    nlohmann::ordered_json o = {{"table", t.table},
                                {"state", t.state},
                                {"reason", t.reason},
                                {"lag", nullptr},
                                {"next_offsets", OffsetsToJson(t.next_offsets)},
                                {"rows", t.rows},
                                {"dead_letters", t.dead_letters},
                                {"left_alone", t.left_alone},
                                {"last_commit_ms", t.last_commit_ms},
                                {"last_start_ms", t.last_start_ms},
                                {"last_exit", t.last_exit},
                                {"pid", t.pid},
                                {"hint", t.hint},
                                {"topic", t.topic},
                                {"due_ms", t.due_ms}};
    if (t.lag) o["lag"] = *t.lag;
    list.push_back(std::move(o));
  }
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<TableRecord>> DecodeStatus(std::string_view text) {
  Error bad{ErrorKind::kCorrupt, fmt::format("read a status: {}", text.substr(0, 200))};
  json list = json::parse(text, nullptr, false);
  if (list.is_discarded() || !list.is_array()) return bad;
  try {
    std::vector<TableRecord> tables;
    for (const json& o : list) {
      TableRecord t;
      t.table = o.at("table");
      t.state = o.at("state");
      t.reason = o.value("reason", std::string());
      t.hint = o.value("hint", std::string());
      t.topic = o.value("topic", std::string());
      if (!o.at("lag").is_null()) t.lag = o.at("lag").get<int64_t>();
      CDC_ASSIGN(t.next_offsets, OffsetsFromJson(o.at("next_offsets")));
      t.rows = o.at("rows");
      t.dead_letters = o.at("dead_letters");
      t.left_alone = o.value("left_alone", int64_t{0});
      t.last_commit_ms = o.at("last_commit_ms");
      t.last_start_ms = o.at("last_start_ms");
      t.due_ms = o.value("due_ms", int64_t{0});
      t.last_exit = o.at("last_exit");
      t.pid = o.at("pid");
      tables.push_back(std::move(t));
    }
    return tables;
  } catch (const json::exception&) {
    return bad;
  }
}

}  // namespace cdc::contract
