#include <algorithm>

#include <fmt/format.h>

#include "lib/config/table_reader_internal.h"
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
void ReadMetadataColumn(const toml::table& entry, Problems* problems, std::vector<MetadataColumn>* columns) {
  NodeReader r(&entry, "metadata_columns", problems);
  MetadataColumn column;
  r.Require("name", "\"_ingested_at\"");
  r.String("name", &column.name);
  r.Require("value", "\"ingestion_time()\"");
  r.Choice<std::string>("value",
                        {{"ingestion_time()", "ingestion_time()"}, {"op()", "op()"}, {"lsn()", "lsn()"}},
                        &column.value);
  r.RejectUnknown();
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
      ReadMetadataColumn(*entry, reader.problems(), &columns);
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
  NodeReader all(columns, reader.FullKey("columns"), reader.problems());
  for (const auto& [key, node] : *columns) {
    const std::string column(key.str());
    const toml::table* entry = node.as_table();
    if (entry == nullptr) {
      all.Scalar(column, &table->columns[column]);
      continue;
    }
    NodeReader r(entry, all.FullKey(column), reader.problems());
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

}  // namespace

void ReadTableSettings(NodeReader& reader, Table* table) {
  if (reader.Has("key")) {
    std::vector<std::string> key;
    reader.StringList("key", &key);
    if (key.empty()) {
      reader.Fail("key", "has no column: name at least one, or leave the line out for the key of the events");
    } else {
      table->key = std::move(key);
    }
  }
  ReadJob(reader, table);
  reader.Choice<Mode>("mode", {{"upsert", Mode::kUpsert}, {"append", Mode::kAppend}}, &table->mode);
  ReadFormatVersion(reader, table);
  reader.Duration("commit_interval", Millis(1), hours(1), &table->commit_interval);
  ReadMetadataColumns(reader, table);
  ReadColumns(reader, table);
  reader.Choice<OnError>("on_error", {{"dlq", OnError::kDlq}, {"stop", OnError::kStop}}, &table->on_error);
  reader.Choice<OnTypeChange>("on_type_change",
                              {{"hold", OnTypeChange::kHold}, {"rewrite", OnTypeChange::kRewrite}},
                              &table->on_type_change);
  reader.String("sink", &table->sink);
  reader.Choice<Deletes>("deletes", {{"hard", Deletes::kHard}, {"soft", Deletes::kSoft}}, &table->deletes);
  reader.String("dead_letters", &table->dead_letters);
  reader.Size("memory", 32 * kMegabyte, 64 * kGigabyte, &table->memory);
  reader.Size("target_file_size", kMegabyte, 8 * kGigabyte, &table->target_file_size);
  int64_t keep = table->snapshot_keep;
  reader.Integer("snapshot_keep", 1, 100'000, &keep);
  table->snapshot_keep = static_cast<int>(keep);
  reader.Duration("snapshot_age", Millis(0), hours(24 * 3650), &table->snapshot_age);
}

}  // namespace cdc::config
