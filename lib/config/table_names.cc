#include "lib/config/table_names.h"

#include <algorithm>

namespace cdc::config {

std::string BareName(const Config& config, const std::string& entry) {
  for (const std::string& schema : config.source.schemas) {
    if (entry.size() > schema.size() + 1 && entry.starts_with(schema) && entry[schema.size()] == '.') {
      return entry.substr(schema.size() + 1);
    }
  }
  return entry;
}

std::string IcebergName(const Config& config, const std::string& entry, const std::string& own) {
  const bool shared = std::any_of(config.tables.begin(), config.tables.end(), [&](const Table& other) {
    return other.name != entry && BareName(config, other.name) == own;
  });
  // What may still be discovered is not listed: a name must not depend on which topic comes first.
  const bool listed = std::any_of(config.tables.begin(), config.tables.end(),
                                  [&](const Table& other) { return other.name == entry; });
  const bool of_several = config.discover && !listed && config.source.schemas.size() > 1;
  return shared || of_several ? entry : own;
}

}  // namespace cdc::config
