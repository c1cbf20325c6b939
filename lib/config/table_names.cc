#include "lib/config/table_names.h"

#include <algorithm>

#include "lib/contract/names.h"

namespace cdc::config {

std::string BareName(const Config& config, const std::string& entry) {
  for (const std::string& schema : config.source.schemas) {
    if (entry.size() > schema.size() + 1 && entry.starts_with(schema) && entry[schema.size()] == '.') {
      return entry.substr(schema.size() + 1);
    }
  }
  return entry;
}

std::string SourceTableName(const Config& config, const Table& table) {
  return BareName(config, table.from.empty() ? table.name : table.from);
}

std::string IcebergName(const Config& config, const std::string& entry, const std::string& own) {
  const Table* const listed = config.FindListed(entry);
  const bool is_listed = listed != nullptr;
  if (is_listed && !listed->target.empty()) return listed->target;
  // What an entry with `from` is called is not what it is called at the source.
  const std::string name = is_listed && !listed->from.empty() ? BareName(config, entry) : own;
  const auto claims = config.iceberg_claims.find(name);
  const bool shared =
      claims != config.iceberg_claims.end() &&
      std::any_of(claims->second.begin(), claims->second.end(), [&](const std::string& other) { return other != entry; });
  // What may still be discovered is not listed: a name must not depend on which topic comes first.
  const bool of_several = config.discover && !is_listed && config.source.schemas.size() > 1;
  return shared || of_several ? entry : name;
}

std::string TargetName(const Config& config, const Table& table) {
  return table.target.empty() ? BareName(config, table.name) : table.target;
}

std::string EntryLine(const Config& config, std::string_view topic) {
  const auto name = contract::ParseTopic(config.source.topic_prefix, config.source.schemas, topic);
  if (!name) return "";
  const std::string entry = config.source.schemas.size() == 1 ? name->table : name->schema + "." + name->table;
  // A bare key of TOML; whatever else a topic's name may have is sound in a basic string.
  const bool bare = std::all_of(entry.begin(), entry.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? "[tables." + entry + "]" : "[tables.\"" + entry + "\"]";
}

std::string DeltaFolder(const Config& config, const Table& table) {
  // What may still be discovered is not listed: a name must not depend on which topic comes first.
  const bool of_several =
      table.target.empty() && config.source.schemas.size() > 1 && config.FindListed(table.name) == nullptr;
  const std::string target = of_several ? table.name : TargetName(config, table);
  const bool plain = !target.empty() && target.front() != '.' && target.front() != '_' &&
                     std::all_of(target.begin(), target.end(), [](unsigned char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                              c == '-' || c == '.';
                     });
  return config.sinks.at(table.sink).path + "/" + (plain ? target : contract::FileKey(target));
}

}  // namespace cdc::config
