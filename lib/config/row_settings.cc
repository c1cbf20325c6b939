/// \file lib/config/row_settings.cc
/// What a table says of its rows: how events are written, their time, and what rows become on their way.

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/row_reader_internal.h"
#include "lib/config/setting_internal.h"
#include "lib/core/letter_case.h"
#include "lib/expression/compile.h"
#include "lib/expression/names.h"

namespace cdc::config {
namespace {

using std::chrono::hours;

/// toml++ sorts keys; people expect their own order.
std::vector<std::pair<std::string, const toml::node*>> InOrder(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> members;
  for (const auto& [key, node] : table) members.emplace_back(key.str(), &node);
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    const auto &x = a.second->source().begin, &y = b.second->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  });
  return members;
}

void ReadSelect(NodeReader& reader, Table* table) {
  const toml::table* section = reader.Child("select");
  if (section == nullptr) return;
  NodeReader r(section, reader.FullKey("select"), reader.document());
  std::vector<SelectedColumn> columns;
  for (const auto& [name, node] : InOrder(*section)) {
    SelectedColumn column{name, ""};
    r.String(name, &column.expression);
    if (column.expression.empty()) continue;
    if (const std::string problem = ProblemOf(column.expression, false); !problem.empty())
      r.Fail(name, problem);
    const auto same = std::find_if(columns.begin(), columns.end(), [&](const SelectedColumn& other) {
      return LowerCase(other.name) == LowerCase(column.name);
    });
    if (same != columns.end())
      r.Fail(name, fmt::format("\"{}\" and \"{}\" are one name: readers do not tell upper from lower case",
                               same->name, column.name));
    columns.push_back(std::move(column));
  }
  if (columns.empty())
    reader.Fail("select", "has no column: write select = { id = \"id\" }, or leave it out");
  table->select = std::move(columns);
}

void ReadWhere(NodeReader& reader, Table* table) {
  if (!reader.Has("where")) return;
  reader.String("where", &table->where);
  if (const std::string problem = table->where.empty() ? "" : ProblemOf(table->where, false);
      !problem.empty())
    reader.Fail("where", problem);
}

void ReadLateness(NodeReader& reader, Table* table) {
  if (!reader.Has("lateness")) return;
  Millis lateness = table->lateness.value_or(Millis(0));
  reader.Duration("lateness", Millis(0), hours(24 * 365), &lateness);
  table->lateness = lateness;
}

std::string SelectText(const Table& table) {
  if (!table.select) return "";
  std::string text;
  for (const SelectedColumn& column : *table.select)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", QuotedText(column.name),
                        QuotedText(column.expression));
  return "{" + text + "}";
}

std::string GroupsText(const CountsEntry& counts) {
  std::string text;
  for (const SelectedColumn& column : counts.by)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", QuotedText(column.name),
                        QuotedText(column.expression));
  return text;
}

/// The name that a group has without one of its own; empty: it needs one.
std::string OwnName(std::string_view expression) {
  const size_t bracket = expression.find("()");
  const std::string_view word = bracket != std::string_view::npos && bracket + 2 == expression.size()
                                    ? expression.substr(0, bracket)
                                    : expression;
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && (word.front() < '0' || word.front() > '9') ? std::string(word) : std::string();
}

constexpr const char* kSelectSchema =
    R"json({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "minLength": 1}})json";
constexpr const char* kGroupsSchema = R"json({
  "type": "array",
  "items": {"anyOf": [
    {"type": "string", "minLength": 1},
    {"type": "object", "required": ["name", "value"], "additionalProperties": false, "properties": {
      "name": {"type": "string"},
      "value": {"type": "string"}}}]}})json";

}  // namespace

std::string ProblemOf(std::string_view expression, bool of_event) {
  const auto describe = [](const Error& error) {
    return error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
  };
  const auto tree = expression::Parse(expression);
  if (!tree) return describe(tree.error());
  if (const Status known = expression::CheckFunctions(**tree); !known) return describe(known.error());
  const std::vector<std::string> columns = expression::ColumnsOf(**tree);
  if (of_event && !columns.empty())
    return fmt::format("the column \"{}\" cannot be used here: only what is known of the event, like op()",
                       columns[0]);
  if (!columns.empty()) return "";
  const auto program = expression::Compile(**tree, rows::Schema{}, expression::ContextFunctions::All());
  return program ? "" : describe(program.error());
}

bool IsCallOf(std::string_view text, std::string_view function) {
  const auto tree = expression::Parse(text);
  return tree && (*tree)->kind == expression::NodeKind::kCall && (*tree)->text == function &&
         (*tree)->children.empty();
}

void ReadGroups(NodeReader& reader, std::string_view key, std::vector<SelectedColumn>* groups) {
  const toml::array* array = reader.Array(key, "[\"op()\"]");
  if (array == nullptr) return;
  for (const toml::node& element : *array) {
    SelectedColumn group;
    if (const toml::table* entry = element.as_table()) {
      NodeReader r(entry, reader.FullKey(key), reader.document());
      r.Require("name", "\"country\"");
      r.String("name", &group.name);
      r.Require("value", "\"lower(country)\"");
      r.String("value", &group.expression);
      r.RejectUnknown();
      if (group.name.empty() || group.expression.empty()) continue;
    } else {
      group.expression = element.is_string() ? element.as_string()->get() : "";
      group.name = OwnName(group.expression);
      if (group.name.empty()) {
        reader.Fail(key, fmt::format("\"{}\" needs a name: write {{ name = \"…\", value = \"{}\" }}",
                                     group.expression, group.expression));
        continue;
      }
    }
    if (const std::string problem = ProblemOf(group.expression, false); !problem.empty())
      reader.Fail(key, problem);
    groups->push_back(std::move(group));
  }
}

const std::vector<Setting<Table>>& RowSettings() {
  static const std::vector<Setting<Table>> settings = {
      ChoiceSetting("envelope", &Table::envelope,
                    {{"debezium", Envelope::kDebezium}, {"plain", Envelope::kPlain}},
                    "how events are written. `debezium`: as its connectors do; `plain`: `{\"op\", "
                    "\"before\", \"after\", …}` without a source, op one "
                    "of c u d r"),
      TextSetting("event_time", &Table::event_time,
                  "member of the event (like `timestamp`, `ts_ms`, `source.ts_ms`), or column of the row, "
                  "that has its "
                  "own time: ISO 8601, without an offset as UTC, or a number of seconds, milli-, micro- or "
                  "nanoseconds since 1970. Makes `event_time()` known"),
      OwnSetting<Table>(
          "lateness", {.kind = ValueShape::Kind::kDuration, .low = 0, .high = 365LL * 24 * 3600 * 1000},
          ReadLateness, [](const Table& t) { return t.lateness ? DurationText(*t.lateness) : std::string(); },
          "an event so far behind the highest event time of its partition is late: a dead letter whose "
          "reason "
          "begins with \"late\"")
          .Shown("no event is late"),
      ChoiceSetting("order_by", &Table::order_by,
                    {{"offset", OrderBy::kOffset}, {"event_time", OrderBy::kEventTime}},
                    "which of two changes of a row wins. `offset`: the later one in the topic; `event_time`: "
                    "the one with the later event time, whichever "
                    "comes first; needs `deletes = \"soft\"` and an `event_time()` column"),
      OwnSetting<Table>("select", {.kind = ValueShape::Kind::kOther, .schema = kSelectSchema}, ReadSelect,
                        SelectText,
                        "the table's columns, `{ id = \"id\", email = \"lower(email)\" }`: "
                        "[docs/expressions.md](expressions.md). The key's columns must be among them")
          .Shown("the source's columns")
          .OneTable(),
      OwnSetting<Table>(
          "where", &Table::where, ReadWhere,
          "condition on the source's row: others are not in the table, and one that no longer meets "
          "it is deleted there")
          .Shown("every row")
          .OneTable(),
  };
  return settings;
}

const std::vector<Setting<CountsEntry>>& CountsSettings() {
  static const std::vector<Setting<CountsEntry>> settings = {
      TextSetting("from", &CountsEntry::from,
                  "the entry of `[tables]` whose events are counted; it has an `event_time`")
          .Required("\"users\""),
      TextSetting("sink", &CountsEntry::sink, "as of a table"),
      TextSetting("target", &CountsEntry::target, "name of the table in the sink").Shown("the entry's name"),
      DurationSetting("window", &CountsEntry::window, Millis(1), hours(24 * 366),
                      "length of a window; windows begin at multiples of it since 1970, in UTC")
          .Required("\"1m\""),
      OwnSetting<CountsEntry>(
          "by", {.kind = ValueShape::Kind::kOther, .schema = kGroupsSchema},
          [](NodeReader& r, CountsEntry* c) { ReadGroups(r, "by", &c->by); }, GroupsText,
          "expressions that make groups within a window: `[\"op()\", { name = \"country\", value "
          "= \"coalesce(country, '')\" }]`")
          .Shown("one group"),
  };
  return settings;
}

}  // namespace cdc::config
