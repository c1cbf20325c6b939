#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/ledger.h"
#include "lib/contract/offsets_json_internal.h"

namespace cdc::contract {

using nlohmann::json;

std::optional<int64_t> LagSeconds(std::optional<int64_t> lag, int64_t current_ms, int64_t now_ms) {
  if (!lag) return std::nullopt;
  if (*lag == 0) return 0;
  if (current_ms == 0) return std::nullopt;
  return std::max<int64_t>(0, (now_ms - current_ms) / 1000);
}

TableFacts FactsOf(const TableRecord& t) {
  return {.table = t.table,
          .state = t.state,
          .reason = t.reason,
          .hint = t.hint,
          .waiting_for = t.waiting_for,
          .waiting_since_ms = t.waiting_since_ms,
          .dead_letters = t.dead_letters,
          .dead_letter_ms = t.dead_letter_ms,
          .letters_in_a_row = t.letters_in_a_row,
          .left_alone = t.left_alone,
          .left_alone_ms = t.left_alone_ms};
}

std::string EncodeStatus(const std::vector<TableRecord>& tables, int64_t now_ms) {
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
                                {"due_ms", t.due_ms},
                                {"live_rows", nullptr},
                                {"changes", t.changes},
                                {"lag_seconds", nullptr},
                                {"dead_letter_ms", t.dead_letter_ms},
                                {"letters_in_a_row", t.letters_in_a_row},
                                {"left_alone_ms", t.left_alone_ms},
                                {"current_ms", t.current_ms},
                                {"waiting_for", t.waiting_for},
                                {"waiting_since_ms", t.waiting_since_ms},
                                {"paused", t.paused}};
    if (t.lag) o["lag"] = *t.lag;
    if (t.live_rows) o["live_rows"] = *t.live_rows;
    if (const auto seconds = LagSeconds(t.lag, t.current_ms, now_ms)) o["lag_seconds"] = *seconds;
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
      if (const auto live = o.find("live_rows"); live != o.end() && !live->is_null())
        t.live_rows = live->get<int64_t>();
      t.changes = o.value("changes", int64_t{0});
      t.dead_letter_ms = o.value("dead_letter_ms", int64_t{0});
      t.letters_in_a_row = o.value("letters_in_a_row", int64_t{0});
      t.left_alone_ms = o.value("left_alone_ms", int64_t{0});
      t.current_ms = o.value("current_ms", int64_t{0});
      t.waiting_for = o.value("waiting_for", std::string());
      t.waiting_since_ms = o.value("waiting_since_ms", int64_t{0});
      t.paused = o.value("paused", false);
      tables.push_back(std::move(t));
    }
    return tables;
  } catch (const json::exception&) {
    return bad;
  }
}

}  // namespace cdc::contract
