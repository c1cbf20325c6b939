#include <fmt/format.h>

#include "lib/iceberg/avro_writer_internal.h"
#include "lib/iceberg/manifest.h"
#include "lib/iceberg/manifest_schema_internal.h"

namespace cdc::iceberg {
namespace {

using avro::Encoder;

void PutValue(int64_t v, Encoder* out) { out->PutLong(v); }
void PutValue(int32_t v, Encoder* out) { out->PutLong(v); }
void PutValue(const std::string& v, Encoder* out) { out->PutBytes(v); }

/// Null when empty.
template <typename V>
void PutMap(const std::map<int32_t, V>& map, Encoder* out) {
  if (map.empty()) return out->PutNull();
  out->PutPresent();
  out->PutLong(static_cast<int64_t>(map.size()));
  for (const auto& [key, value] : map) {
    out->PutLong(key);
    PutValue(value, out);
  }
  out->PutLong(0);
}

template <typename V>
void PutList(const std::vector<V>& list, Encoder* out) {
  if (list.empty()) return out->PutNull();
  out->PutPresent();
  out->PutLong(static_cast<int64_t>(list.size()));
  for (const V& value : list) PutValue(value, out);
  out->PutLong(0);
}

template <typename V>
void PutOptional(const std::optional<V>& v, Encoder* out) {
  if (!v) return out->PutNull();
  out->PutPresent();
  PutValue(*v, out);
}

void PutDataFile(const DataFile& file, Encoder* out) {
  out->PutLong(static_cast<int>(file.content));
  out->PutBytes(file.file_path);
  out->PutBytes(file.file_format);
  out->PutLong(file.record_count);
  out->PutLong(file.file_size_in_bytes);
  PutMap(file.column_sizes, out);
  PutMap(file.value_counts, out);
  PutMap(file.null_value_counts, out);
  PutMap(file.nan_value_counts, out);
  PutMap(file.lower_bounds, out);
  PutMap(file.upper_bounds, out);
  out->PutNull();  // key_metadata
  PutList(file.split_offsets, out);
  PutList(file.equality_ids, out);
  PutOptional(file.sort_order_id, out);
  PutOptional(file.referenced_data_file, out);
}

void PutRow(const ManifestRow& row, Encoder* out) {
  const ManifestEntry& entry = *row.entry;
  out->PutLong(static_cast<int>(row.status));
  out->PutPresent();
  out->PutLong(row.snapshot_id);
  // Inheritance: only an added entry may leave its numbers to the manifest list (specification, "Sequence
  // Number Inheritance"). One with an older data sequence number, from a compaction, says so.
  const bool added = row.status == EntryStatus::kAdded;
  const bool inherits = added && entry.sequence_number == entry.file_sequence_number;
  PutOptional(inherits ? std::optional<int64_t>() : entry.sequence_number, out);
  PutOptional(added ? std::optional<int64_t>() : entry.file_sequence_number, out);
  PutDataFile(entry.file, out);
}

}  // namespace

Result<std::string> EncodeManifest(const ManifestHeader& header, const std::vector<ManifestRow>& rows) {
  avro::ContainerWriter writer(kManifestEntrySchema,
                               {{"schema", header.schema_json},
                                {"schema-id", std::to_string(header.schema_id)},
                                {"partition-spec", "[]"},
                                {"partition-spec-id", std::to_string(header.partition_spec_id)},
                                {"format-version", "2"},
                                {"content", header.content == ManifestContent::kData ? "data" : "deletes"}});
  for (const ManifestRow& row : rows) {
    PutRow(row, &writer.record());
    CDC_TRY(writer.EndRecord());
  }
  return writer.Finish();
}

Result<std::string> EncodeManifestList(const ManifestListHeader& header,
                                       const std::vector<ManifestFile>& manifests) {
  avro::ContainerWriter writer(
      kManifestFileSchema, {{"snapshot-id", std::to_string(header.snapshot_id)},
                            {"parent-snapshot-id",
                             header.parent_snapshot_id ? std::to_string(*header.parent_snapshot_id) : "null"},
                            {"sequence-number", std::to_string(header.sequence_number)},
                            {"format-version", "2"}});
  for (const ManifestFile& m : manifests) {
    Encoder& out = writer.record();
    out.PutBytes(m.manifest_path);
    out.PutLong(m.manifest_length);
    out.PutLong(m.partition_spec_id);
    out.PutLong(static_cast<int>(m.content));
    out.PutLong(m.sequence_number);
    out.PutLong(m.min_sequence_number);
    out.PutLong(m.added_snapshot_id);
    out.PutLong(m.added_files_count);
    out.PutLong(m.existing_files_count);
    out.PutLong(m.deleted_files_count);
    out.PutLong(m.added_rows_count);
    out.PutLong(m.existing_rows_count);
    out.PutLong(m.deleted_rows_count);
    out.PutPresent();  // partitions: an empty array, as Java writes for an unpartitioned table
    out.PutLong(0);
    out.PutNull();  // key_metadata
    CDC_TRY(writer.EndRecord());
  }
  return writer.Finish();
}

}  // namespace cdc::iceberg
