#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "lib/iceberg/new_table_internal.h"
#include "lib/iceberg/schema_evolution.h"
#include "lib/iceberg/schema_json.h"

namespace cdc::iceberg {
namespace {

Status CheckSchema(const rows::Schema& schema) {
  std::set<int> ids;
  std::set<std::string> names;
  const auto refuse = [](std::string message) {
    return Error{ErrorKind::kInvalidArgument, std::move(message)};
  };
  for (const rows::Field& field : schema.fields) {
    const bool id_used =
        !ids.insert(field.id).second || (field.element_id > 0 && !ids.insert(field.element_id).second);
    if (id_used)
      return refuse(fmt::format("making a table: the field id of column {} is used twice", field.name));
    if (!names.insert(field.name).second)
      return refuse(fmt::format("making a table: two columns {}", field.name));
  }
  for (const int id : schema.identifier_field_ids) {
    const int at = schema.IndexOfId(id);
    // Specification, "Identifier Field IDs".
    if (at < 0) return refuse(fmt::format("making a table: no column has the identifier's field id {}", id));
    const rows::Field& field = schema.fields[static_cast<size_t>(at)];
    const rows::TypeKind kind = field.type.kind;
    if (!field.required || kind == rows::TypeKind::kFloat || kind == rows::TypeKind::kDouble ||
        kind == rows::TypeKind::kList) {
      return refuse(fmt::format("making a table: {} ({}{}) cannot be an identifier", field.name,
                                field.required ? "" : "optional ", rows::ToString(field.type)));
    }
  }
  return {};
}

}  // namespace

std::string FolderName(const std::string& name) {
  std::string folder;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain =
        (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '_' || lower == '-';
    folder.push_back(plain ? lower : '_');
  }
  // Far below any file system's limit of 255 bytes.
  return folder.substr(0, 100);
}

std::string ToString(const TableIdent& ident) { return ident.name_space + "." + ident.name; }

Result<std::vector<TableIdent>> Catalog::OthersBelow(const TableIdent&, const std::string&) {
  return Error{ErrorKind::kUnsupported, "this catalog does not say which tables are in a folder"};
}

std::map<std::string, std::string> DefaultTableProperties() {
  return {{"write.format.default", "parquet"},
          {"write.parquet.compression-codec", "zstd"},
          {"write.metadata.delete-after-commit.enabled", "true"},
          {"write.metadata.previous-versions-max", "20"},
          {"write.delete.mode", "merge-on-read"},
          {"write.update.mode", "merge-on-read"},
          {"write.merge.mode", "merge-on-read"}};
}

Error NameOfView(const TableIdent& ident) {
  return Error{ErrorKind::kUnsupported,
               fmt::format("making {}: the catalog has a view of that name", ToString(ident)),
               "drop or rename the view, or give the table another name: target = \"…\" in tables.toml"};
}

TableCommit PropertiesCommit(const TableMetadata& metadata, const std::map<std::string, std::string>& updates,
                             const std::vector<std::string>& removals) {
  TableCommit commit;
  commit.requirements.push_back(AssertTableUuid{metadata.table_uuid});
  if (!updates.empty()) commit.updates.push_back(SetProperties{updates});
  if (!removals.empty()) commit.updates.push_back(RemoveProperties{removals});
  return commit;
}

std::string NewTableLocation(const std::string& warehouse, const TableIdent& ident) {
  std::string root = warehouse;
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  return fmt::format("{}/{}/{}-{}", root, FolderName(ident.name_space), FolderName(ident.name),
                     NewUuid().substr(0, 8));
}

Result<TableMetadata> NewTableMetadata(const rows::Schema& schema, const std::string& location,
                                       const std::map<std::string, std::string>& properties, int64_t now_ms) {
  TableMetadata metadata;
  StoredSchema stored;
  stored.schema = AssignFieldIds(schema);
  stored.schema.schema_id = 0;
  CDC_TRY(CheckSchema(stored.schema));
  stored.json = SchemaToJson(stored.schema);
  metadata.last_column_id = stored.schema.max_field_id();
  metadata.schemas.push_back(std::move(stored));
  metadata.table_uuid = NewUuid();
  metadata.location = location;
  while (metadata.location.size() > 1 && metadata.location.back() == '/') metadata.location.pop_back();
  metadata.last_updated_ms = now_ms;
  metadata.properties = DefaultTableProperties();
  for (const auto& [key, value] : properties) metadata.properties[key] = value;
  return metadata;
}

std::string NewMetadataLocation(const TableMetadata& metadata, const std::string& previous) {
  long version = 0;
  if (!previous.empty()) {
    const std::string name = previous.substr(previous.rfind('/') + 1);
    version = std::max(0L, std::strtol(name.c_str(), nullptr, 10)) + 1;
  }
  return fmt::format("{}/metadata/{:05}-{}.metadata.json", metadata.folder(), version, NewUuid());
}

void AppendMetadataLog(const TableMetadata& before, const std::string& before_location,
                       TableMetadata* after) {
  auto& log = after->metadata_log;
  log.push_back({before.last_updated_ms, before_location});
  const auto most = static_cast<size_t>(
      std::max<int64_t>(1, after->IntProperty("write.metadata.previous-versions-max", 100)));
  if (log.size() > most) log.erase(log.begin(), log.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace cdc::iceberg
