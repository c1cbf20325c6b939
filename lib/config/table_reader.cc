#include <algorithm>

#include <fmt/format.h>

#include "lib/config/table_reader_internal.h"

namespace cdc::config {
namespace {

using std::chrono::hours;

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kGigabyte = 1 << 30;
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

void ReadMetadataColumns(NodeReader& reader, Table* table) {
  reader.StringList("metadata_columns", &table->metadata_columns);
  for (const std::string& column : table->metadata_columns) {
    if (std::find(kMetadataColumns.begin(), kMetadataColumns.end(), column) == kMetadataColumns.end()) {
      reader.Fail("metadata_columns",
                  fmt::format("\"{}\" is not allowed: use {}", column, Alternatives(kMetadataColumns)));
    }
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
  reader.StringMap("columns", &table->columns);
  reader.Choice<OnError>("on_error", {{"dlq", OnError::kDlq}, {"stop", OnError::kStop}}, &table->on_error);
  reader.Size("memory", 32 * kMegabyte, 64 * kGigabyte, &table->memory);
  reader.Size("target_file_size", kMegabyte, 8 * kGigabyte, &table->target_file_size);
  int64_t keep = table->snapshot_keep;
  reader.Integer("snapshot_keep", 1, 100'000, &keep);
  table->snapshot_keep = static_cast<int>(keep);
  reader.Duration("snapshot_age", Millis(0), hours(24 * 3650), &table->snapshot_age);
}

}  // namespace cdc::config
