#include <fmt/format.h>

#include <limits>

#include "lib/iceberg/avro_reader_internal.h"
#include "lib/iceberg/manifest.h"

namespace cdc::iceberg {
namespace {

using avro::Kind;
using avro::Value;

/// Reads members of one record; the first required one that is missing makes it fail.
class Members {
 public:
  Members(const Value& record, std::string_view what) : record_(record), what_(what) {}

  int64_t Number(int id, const char* name) {
    const Value* v = Require(id, name);
    return v != nullptr ? v->number : 0;
  }
  int32_t Int(int id, const char* name) { return static_cast<int32_t>(Number(id, name)); }
  std::string Text(int id, const char* name) {
    const Value* v = Require(id, name);
    return v != nullptr ? v->text : std::string();
  }
  int64_t NumberOr(int id, const char* name, int64_t fallback) const {
    const Value* v = record_.Find(id, name);
    return v != nullptr ? v->number : fallback;
  }
  std::optional<int64_t> OptionalNumber(int id, const char* name) const {
    const Value* v = record_.Find(id, name);
    return v != nullptr ? std::optional<int64_t>(v->number) : std::nullopt;
  }
  const Value* Find(int id, const char* name) const { return record_.Find(id, name); }
  const Value* Require(int id, const char* name) {
    const Value* v = record_.Find(id, name);
    if (v == nullptr && missing_.empty()) missing_ = name;
    return v;
  }
  Status status() const {
    if (missing_.empty()) return {};
    return Error{ErrorKind::kCorrupt, fmt::format("reading a {}: {} is missing", what_, missing_)};
  }

 private:
  const Value& record_;
  std::string_view what_;
  std::string missing_;
};

void Assign(const Value& from, int64_t* to) { *to = from.number; }
void Assign(const Value& from, std::string* to) { *to = from.text; }

/// A map is an array of key-value records, or an Avro map with items key, value, key, value.
template <typename V>
std::map<int32_t, V> MapOf(const Value* v) {
  std::map<int32_t, V> map;
  if (v == nullptr || v->type->kind != Kind::kArray) return map;
  for (const Value& pair : v->items) {
    if (pair.items.size() != 2 || pair.items[1].is_null()) continue;
    Assign(pair.items[1], &map[static_cast<int32_t>(pair.items[0].number)]);
  }
  return map;
}

template <typename V>
std::vector<V> ListOf(const Value* v) {
  std::vector<V> list;
  if (v == nullptr) return list;
  for (const Value& item : v->items) list.push_back(static_cast<V>(item.number));
  return list;
}

Result<DataFile> DataFileOf(const Value& record) {
  Members in(record, "manifest entry");
  DataFile file;
  const int64_t content = in.NumberOr(134, "content", 0);
  if (content < 0 || content > 2) {
    return Error{ErrorKind::kUnsupported, fmt::format("reading a manifest: file content {}", content)};
  }
  file.content = static_cast<FileContent>(content);
  file.file_path = in.Text(100, "file_path");
  file.file_format = in.Text(101, "file_format");
  file.record_count = in.Number(103, "record_count");
  file.file_size_in_bytes = in.Number(104, "file_size_in_bytes");
  file.column_sizes = MapOf<int64_t>(in.Find(108, "column_sizes"));
  file.value_counts = MapOf<int64_t>(in.Find(109, "value_counts"));
  file.null_value_counts = MapOf<int64_t>(in.Find(110, "null_value_counts"));
  file.nan_value_counts = MapOf<int64_t>(in.Find(137, "nan_value_counts"));
  file.lower_bounds = MapOf<std::string>(in.Find(125, "lower_bounds"));
  file.upper_bounds = MapOf<std::string>(in.Find(128, "upper_bounds"));
  file.split_offsets = ListOf<int64_t>(in.Find(132, "split_offsets"));
  file.equality_ids = ListOf<int32_t>(in.Find(135, "equality_ids"));
  if (const Value* order = in.Find(140, "sort_order_id"))
    file.sort_order_id = static_cast<int32_t>(order->number);
  if (const Value* path = in.Find(143, "referenced_data_file")) file.referenced_data_file = path->text;
  CDC_TRY(in.status());
  if (in.Find(131, "key_metadata") != nullptr) {
    return Error{ErrorKind::kUnsupported, fmt::format("{} is encrypted", file.file_path)};
  }
  if (in.Find(144, "content_offset") != nullptr) {
    return Error{ErrorKind::kUnsupported, fmt::format("{} holds deletion vectors", file.file_path)};
  }
  return file;
}

Result<ManifestEntry> EntryOf(const Value& record, const ManifestFile& manifest) {
  Members in(record, "manifest entry");
  ManifestEntry entry;
  const int64_t status = in.Number(0, "status");
  const Value* file = in.Require(2, "data_file");
  CDC_TRY(in.status());
  if (status < 0 || status > 2) {
    return Error{ErrorKind::kCorrupt, fmt::format("reading a manifest entry: status {}", status)};
  }
  entry.status = static_cast<EntryStatus>(status);
  entry.snapshot_id = in.NumberOr(1, "snapshot_id", manifest.added_snapshot_id);
  const auto sequence = in.OptionalNumber(3, "sequence_number");
  const auto file_sequence = in.OptionalNumber(4, "file_sequence_number");
  // Manifests of format version 1 have no numbers at all: theirs is 0, as the manifest list says.
  const bool inherits = entry.status == EntryStatus::kAdded || manifest.sequence_number == 0;
  if (!inherits && !sequence) {
    return Error{ErrorKind::kCorrupt,
                 fmt::format("reading {}: an entry that was not added has no sequence number",
                             manifest.manifest_path)};
  }
  entry.sequence_number = sequence.value_or(manifest.sequence_number);
  entry.file_sequence_number =
      file_sequence.value_or(inherits ? manifest.sequence_number : entry.sequence_number);
  CDC_ASSIGN(entry.file, DataFileOf(*file));
  return entry;
}

}  // namespace

Result<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes, const ManifestFile& manifest) {
  CDC_ASSIGN(const avro::Container container, avro::ReadContainer(bytes));
  std::vector<ManifestEntry> entries;
  entries.reserve(container.records.size());
  for (const Value& record : container.records) {
    CDC_ASSIGN(ManifestEntry entry, EntryOf(record, manifest));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<ManifestFile>> DecodeManifestList(std::string_view bytes) {
  CDC_ASSIGN(const avro::Container container, avro::ReadContainer(bytes));
  std::vector<ManifestFile> manifests;
  for (const Value& record : container.records) {
    Members in(record, "manifest list");
    ManifestFile m;
    m.manifest_path = in.Text(500, "manifest_path");
    m.manifest_length = in.Number(501, "manifest_length");
    m.partition_spec_id = in.Int(502, "partition_spec_id");
    m.content = in.NumberOr(517, "content", 0) == 1 ? ManifestContent::kDeletes : ManifestContent::kData;
    m.sequence_number = in.NumberOr(515, "sequence_number", 0);
    m.min_sequence_number = in.NumberOr(516, "min_sequence_number", 0);
    m.added_snapshot_id = in.Number(503, "added_snapshot_id");
    m.added_files_count = static_cast<int32_t>(in.NumberOr(504, "added_files_count", 0));
    m.existing_files_count = static_cast<int32_t>(in.NumberOr(505, "existing_files_count", 0));
    m.deleted_files_count = static_cast<int32_t>(in.NumberOr(506, "deleted_files_count", 0));
    m.added_rows_count = in.NumberOr(512, "added_rows_count", 0);
    m.existing_rows_count = in.NumberOr(513, "existing_rows_count", 0);
    m.deleted_rows_count = in.NumberOr(514, "deleted_rows_count", 0);
    CDC_TRY(in.status());
    if (in.Find(519, "key_metadata") != nullptr) {
      return Error{ErrorKind::kUnsupported, fmt::format("{} is encrypted", m.manifest_path)};
    }
    manifests.push_back(std::move(m));
  }
  return manifests;
}

}  // namespace cdc::iceberg
