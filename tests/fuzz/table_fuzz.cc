/// Files of Iceberg tables, which other engines write as well: metadata, manifests, data files, delete files.

#include <memory>

#include "jobs/sink/iceberg/source_marker.h"
#include "jobs/sink/iceberg/table_properties.h"
#include "lib/iceberg/manifest.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/schema_json.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/position_deletes.h"
#include "tests/fuzz/target.h"

namespace cdc {
namespace {

using fuzz::Require;

class BytesReader final : public storage::Reader {
 public:
  explicit BytesReader(std::string_view bytes) : bytes_(bytes) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  Status ReadAt(int64_t offset, size_t size, char* out) const override {
    Require(offset >= 0, "nothing is read before a file's beginning");
    if (static_cast<uint64_t>(offset) > bytes_.size() || size > bytes_.size() - static_cast<size_t>(offset))
      return Error{ErrorKind::kCorrupt, "the file is shorter"};
    bytes_.copy(out, size, static_cast<size_t>(offset));
    return {};
  }

 private:
  std::string_view bytes_;
};

/// Field ids and types of tests/fuzz/seeds.py.
std::shared_ptr<const rows::Schema> Projection() {
  using rows::Type;
  using rows::TypeKind;
  auto schema = std::make_shared<rows::Schema>();
  schema->fields = {{1, 0, "id", false, Type::Of(TypeKind::kLong)},
                    {2, 0, "text", false, Type::Of(TypeKind::kString)},
                    {3, 0, "amount", false, Type::Decimal(20, 2)},
                    {4, 5, "list", false, Type::ListOf(Type::Of(TypeKind::kString))},
                    {6, 0, "flag", false, Type::Of(TypeKind::kBoolean)},
                    {7, 0, "at", false, Type::Of(TypeKind::kTimestamptz)},
                    {8, 0, "u", false, Type::Of(TypeKind::kUuid)},
                    {9, 0, "d", false, Type::Of(TypeKind::kDouble)},
                    {99, 0, "absent", false, Type::Of(TypeKind::kInt)}};
  return schema;
}

/// Files that claim more than that are not read to their end: the time a target may take is bounded.
constexpr int kMostBatches = 16;

}  // namespace

FUZZ_TARGET(table_metadata) {
  const auto metadata = iceberg::ParseTableMetadata(bytes);
  if (!metadata) return;
  const std::string written = iceberg::TableMetadataToJson(*metadata);
  const auto again = iceberg::ParseTableMetadata(written, &*metadata);
  Require(again.has_value(), "what we write of a table's metadata can be read");
  Require(iceberg::TableMetadataToJson(*again) == written, "and says the same");
  (void)metadata->CurrentSchema();
  (void)metadata->HistoryContains(1);
  (void)metadata->NewestAncestorWith("cdc.offsets");
  (void)iceberg_sink::NewestSummary(*metadata);
  if (const auto snapshot = metadata->current_snapshot()) (void)iceberg_sink::MirrorOf(*metadata, *snapshot);
}

FUZZ_TARGET(table_schema) {
  const auto schema = iceberg::ParseSchema(bytes);
  if (!schema) return;
  const std::string written = iceberg::SchemaToJson(*schema);
  const auto again = iceberg::ParseSchema(written);
  Require(again && iceberg::SchemaToJson(*again) == written, "a schema is read as it was written");
}

FUZZ_TARGET(manifest) {
  iceberg::ManifestFile file;
  file.manifest_path = "/w/metadata/m.avro";
  file.manifest_length = static_cast<int64_t>(bytes.size());
  file.sequence_number = 7;
  file.added_snapshot_id = 7;
  const auto entries = iceberg::DecodeManifest(bytes, file);
  if (!entries) return;
  std::vector<iceberg::ManifestRow> rows;
  for (const iceberg::ManifestEntry& entry : *entries)
    rows.push_back({entry.status, entry.snapshot_id, &entry});
  const auto written = iceberg::EncodeManifest({R"({"type":"struct","schema-id":0,"fields":[]})"}, rows);
  if (!written) return;
  const auto again = iceberg::DecodeManifest(*written, file);
  Require(again && again->size() == entries->size(), "entries that were read can be written and read again");
}

FUZZ_TARGET(manifest_list) {
  const auto files = iceberg::DecodeManifestList(bytes);
  if (!files) return;
  const auto written = iceberg::EncodeManifestList({7, 6, 7}, *files);
  if (!written) return;
  const auto again = iceberg::DecodeManifestList(*written);
  Require(again && again->size() == files->size(), "a list that was read can be written and read again");
}

FUZZ_TARGET(data_file) {
  static const auto projection = Projection();
  auto reader = parquet::DataFileReader::Make(std::make_unique<BytesReader>(bytes), projection);
  if (!reader) return;
  rows::Batch batch(projection);
  int64_t first = 0;
  for (int i = 0; i < kMostBatches; ++i) {
    const auto more = (*reader)->Next(&batch, &first);
    if (!more || !*more) break;
    for (size_t c = 0; c < batch.column_count(); ++c)
      Require(batch.column(c).size() == batch.rows(), "columns of a batch are of one length");
  }
  rows::Batch some(projection);
  const int64_t wanted[] = {0, (*reader)->rows() / 2};
  (void)(*reader)->ReadRows(wanted, &some);
}

FUZZ_TARGET(delete_file) {
  const auto deletes = parquet::ReadPositionDeletes(std::make_unique<BytesReader>(bytes));
  if (!deletes) return;
  for (const auto& [path, positions] : *deletes) {
    for (size_t i = 1; i < positions.size(); ++i)
      Require(positions[i - 1] < positions[i], "positions are ascending and without duplicates");
  }
}

}  // namespace cdc
