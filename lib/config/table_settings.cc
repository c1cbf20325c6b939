/// \file lib/config/table_settings.cc
/// What `[defaults]` and `[tables.x]` may say.

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/row_reader_internal.h"
#include "lib/config/setting_internal.h"
#include "lib/contract/names.h"
#include "lib/core/letter_case.h"

namespace cdc::config {
namespace {

using std::chrono::hours;

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kGigabyte = 1 << 30;
/// What metadata_columns may say without a name of its own.
const std::vector<std::string> kMetadataColumns = {"ingestion_time"};

void ReadFormatVersion(NodeReader& reader, Table* table) {
  int64_t version = table->format_version;
  reader.Integer("format_version", 1, 3, &version);
  if (version != 2) {
    reader.Fail("format_version", fmt::format("{} is not built yet: use 2", version));
    return;
  }
  table->format_version = 2;
}

/// `{ name = "_ingested_at", value = "ingestion_time()" }`
void ReadMetadataColumn(const toml::table& entry, const Document& document,
                        std::vector<MetadataColumn>* columns) {
  NodeReader r(&entry, "metadata_columns", document);
  MetadataColumn column;
  r.Require("name", "\"_ingested_at\"");
  r.String("name", &column.name);
  r.Require("value", "\"ingestion_time()\"");
  r.String("value", &column.value);
  r.RejectUnknown();
  if (const std::string problem = column.value.empty() ? "" : ProblemOf(column.value, true); !problem.empty()) {
    r.Fail("value", problem);
    return;
  }
  if (!column.name.empty() && !column.value.empty()) columns->push_back(std::move(column));
}

void CheckMetadataColumns(NodeReader& reader, const std::vector<MetadataColumn>& columns) {
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    for (auto other = columns.begin(); other != column; ++other) {
      if (LowerCase(other->name) == LowerCase(column->name)) {
        reader.Fail("metadata_columns",
                    fmt::format("\"{}\" and \"{}\" are one name: {}", other->name, column->name,
                                "readers do not tell upper from lower case"));
      } else if (other->value == column->value) {
        reader.Fail("metadata_columns", fmt::format("{} is listed twice", column->value));
      }
    }
  }
}

/// A list of names, or of tables that say the column's name and what fills it.
void ReadMetadataColumns(NodeReader& reader, Table* table) {
  const toml::array* array = reader.Array("metadata_columns", "[\"ingestion_time\"]");
  if (array == nullptr) return;
  std::vector<MetadataColumn> columns;
  for (const toml::node& element : *array) {
    if (const toml::table* entry = element.as_table()) {
      ReadMetadataColumn(*entry, reader.document(), &columns);
      continue;
    }
    const std::string name = element.is_string() ? element.as_string()->get() : "";
    if (std::find(kMetadataColumns.begin(), kMetadataColumns.end(), name) == kMetadataColumns.end()) {
      reader.Fail(
          "metadata_columns",
          fmt::format("\"{}\" is not allowed: use {}, or {{ name = \"…\", value = \"ingestion_time()\" }}",
                      name, Alternatives(kMetadataColumns)));
      continue;
    }
    columns.push_back({name, name + "()"});
  }
  CheckMetadataColumns(reader, columns);
  table->metadata_columns = std::move(columns);
}

/// `"text"`, or `{ type = "text", name = "other_name" }` of which either may be left out.
void ReadColumns(NodeReader& reader, Table* table) {
  const toml::table* columns = reader.Child("columns");
  if (columns == nullptr) return;
  NodeReader all(columns, reader.FullKey("columns"), reader.document());
  for (const auto& [key, node] : *columns) {
    const std::string column(key.str());
    const toml::table* entry = node.as_table();
    if (entry == nullptr) {
      all.Scalar(column, &table->columns[column]);
      continue;
    }
    NodeReader r(entry, all.FullKey(column), reader.document());
    if (r.Has("type")) r.String("type", &table->columns[column]);
    if (r.Has("name")) r.String("name", &table->column_names[column]);
    if (!r.Has("type") && !r.Has("name"))
      all.Fail(column, "is empty: write { type = \"text\" }, or { name = \"…\" }");
    r.RejectUnknown();
  }
}

void ReadJob(NodeReader& reader, Table* table) {
  std::string job = table->job;
  reader.String("job", &job);
  bool plain = std::all_of(job.begin(), job.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!plain) {
    reader.Fail("job",
                fmt::format("\"{}\" is not allowed: use the name of a folder in jobs/, of a-z 0-9 _ -", job));
    return;
  }
  table->job = job;
}

std::string MetadataColumnsText(const Table& table) {
  std::string text;
  for (const MetadataColumn& column : table.metadata_columns) {
    const bool plain = column.value == column.name + "()";
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        plain ? QuotedText(column.name)
                              : fmt::format("{{ name = {}, value = {} }}", QuotedText(column.name),
                                            QuotedText(column.value)));
  }
  return "[" + text + "]";
}

std::string ColumnsText(const Table& table) {
  std::string text;
  for (const auto& [column, type] : table.columns) text += "type" + ListText({column, type});
  for (const auto& [column, name] : table.column_names) text += "name" + ListText({column, name});
  return text;
}

void ReadKey(NodeReader& reader, Table* table) {
  if (!reader.Has("key")) return;
  std::vector<std::string> key;
  reader.StringList("key", &key);
  if (key.empty()) {
    reader.Fail("key", "has no column: name at least one, or leave the line out for the key of the events");
  } else {
    table->key = std::move(key);
  }
}

void ReadTopic(NodeReader& reader, Table* table) {
  if (!reader.Has("topic")) return;
  std::string topic;
  reader.String("topic", &topic);
  if (contract::IsDlqTopic(topic)) reader.Fail("topic", "is a dead-letter topic, which is never a table");
  table->topics = {topic};
  table->topic_given = true;
}

constexpr const char* kMetadataColumnsSchema = R"json({
  "type": "array",
  "items": {"anyOf": [
    {"enum": ["ingestion_time"]},
    {"type": "object", "required": ["name", "value"], "additionalProperties": false, "properties": {
      "name": {"type": "string"},
      "value": {"type": "string"}}}]}})json";
constexpr const char* kColumnsSchema = R"({
  "type": "object",
  "additionalProperties": {"anyOf": [
    {"type": "string"},
    {"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
      "type": {"type": "string"},
      "name": {"type": "string"}}}]}})";

/// Where the rows come from and go to.
std::vector<Setting<Table>> PlaceSettings() {
  return {
      OwnSetting<Table>(
          "topic", {}, ReadTopic,
          [](const Table& t) {
            return t.topic_given && !t.topics.empty() ? t.topics.front() : std::string();
          },
          "the table's topic. Written, it gives the table whatever the topic carries: see *Routed topics*")
          .Shown("`<prefix>.<schema>.<table>`")
          .OneTable(),
      TextSetting(
          "from", &Table::from,
          "source table where the entry has another name: several entries may read one, each with its own "
          "worker")
          .Shown("the entry's name")
          .OneTable(),
      TextSetting("sink", &Table::sink,
                  "`iceberg`: the tables of `[catalog]`; else the name of a `[sinks.<name>]`"),
      TextSetting("target", &Table::target, "name of the table in the sink")
          .Shown("the entry's name without its schema")
          .OneTable(),
      OwnSetting<Table>(
          "key", {.kind = ValueShape::Kind::kList}, ReadKey,
          [](const Table& t) { return t.key ? ListText(*t.key) : std::string(); },
          "columns that identify a row; fixed when the table is made")
          .Shown("the events' key"),
      OwnSetting<Table>("job", &Table::job, ReadJob, "the worker program `jobs/<job>`"),
  };
}

/// What becomes of changes.
std::vector<Setting<Table>> ChangeSettings() {
  return {
      ChoiceSetting(
          "mode", &Table::mode, {{"upsert", Mode::kUpsert}, {"append", Mode::kAppend}},
          "`upsert`: a row per key; `append`: every change is a row, with `_cdc_operation` (r c u d t), or "
          "the name that `metadata_columns` gives `op()`"),
      ChoiceSetting(
          "deletes", &Table::deletes, {{"hard", Deletes::kHard}, {"soft", Deletes::kSoft}},
          "a row that is deleted at the source. `hard`: it is deleted; `soft`: it stays and is marked "
          "(not for Iceberg and Delta yet)"),
      FlagSetting("change_data_feed", &Table::change_data_feed,
                  "each version says how each row changed, with the row before and after. Once a table has it, it stays: "
                  "see docs/delta.md")
          .For({TableKind::kDelta}),
      DurationSetting("commit_interval", &Table::commit_interval, Millis(1), hours(1),
                      "least time between commits, when caught up (5 s with a backlog)"),
      OwnSetting<Table>(
          "metadata_columns", {.kind = ValueShape::Kind::kOther, .schema = kMetadataColumnsSchema},
          ReadMetadataColumns, MetadataColumnsText,
          "columns the worker adds; `[]` for none. `{ name = \"_at\", value = \"ingestion_time()\" }` "
          "gives one a name of your own, also in a table that is there: the column is renamed with its "
          "values. Other values: `op()` (r c u d), `lsn()`, any expression over the event, without columns of "
          "the row. One that is added later is null in older rows"),
      OwnSetting<Table>(
          "columns", {.kind = ValueShape::Kind::kSection, .schema = kColumnsSchema}, ReadColumns, ColumnsText,
          "source's column → type in PostgreSQL's words, or `{ type = \"text\", name = "
          "\"other\" }`: its name in the table. Either may be left out. A column that is in the table "
          "already stays, and is null from then on"),
      ChoiceSetting(
          "on_error", &Table::on_error, {{"dlq", OnError::kDlq}, {"stop", OnError::kStop}},
          "a message that cannot be applied. `dlq`: it goes to the dead-letter topic; `stop`: it holds the "
          "table"),
      TextSetting("dead_letters", &Table::dead_letters, "the dead-letter topic").Shown("`<topic>.dlq`"),
      ChoiceSetting(
          "on_type_change", &Table::on_type_change,
          {{"hold", OnTypeChange::kHold}, {"rewrite", OnTypeChange::kRewrite}},
          "a column's type changed at the source to one that the table cannot widen to. `hold`: the table "
          "is Held and says what it would take; `rewrite`: the worker rewrites all rows"),
  };
}

/// What it may cost, and what is kept.
std::vector<Setting<Table>> BudgetSettings() {
  return {
      SizeSetting("memory", &Table::memory, 32 * kMegabyte, 64 * kGigabyte,
                  "of a worker, less the mapped index"),
      OwnSetting<Table>(
          "format_version", {.kind = ValueShape::Kind::kWhole, .low = 2, .high = 2}, ReadFormatVersion,
          [](const Table& t) { return std::to_string(t.format_version); }, "Iceberg's; the only one yet")
          .IcebergOnly(),
      SizeSetting("target_file_size", &Table::target_file_size, kMegabyte, 8 * kGigabyte, "of data files")
          .For({TableKind::kIceberg, TableKind::kDelta}),
      WholeSetting("snapshot_keep", &Table::snapshot_keep, 1, 100'000,
                   "how many of the newest snapshots stay in any case")
          .IcebergOnly(),
      DurationSetting(
          "snapshot_age", &Table::snapshot_age, Millis(0), hours(24 * 3650),
          "other snapshots are expired at this age, and those beyond the newest 100 at any: for more than "
          "these raise `snapshot_keep`")
          .IcebergOnly(),
  };
}

}  // namespace

const std::vector<Setting<Table>>& TableSettings() {
  static const std::vector<Setting<Table>> settings = [] {
    std::vector<Setting<Table>> all = PlaceSettings();
    for (auto& setting : ChangeSettings()) all.push_back(std::move(setting));
    for (const auto& setting : RowSettings()) all.push_back(setting);
    for (auto& setting : BudgetSettings()) all.push_back(std::move(setting));
    return all;
  }();
  return settings;
}

const std::vector<Setting<Config>>& DefaultsSettings() {
  static const std::vector<Setting<Config>> settings = {
      FlagSetting("discover", &Config::discover, "take every table of the schemas").When(Applies::kAtOnce),
  };
  return settings;
}

}  // namespace cdc::config
