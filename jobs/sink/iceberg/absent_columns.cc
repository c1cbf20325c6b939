#include "jobs/sink/iceberg/absent_columns.h"

#include <nlohmann/json.hpp>

namespace cdc::iceberg_sink {
namespace {

constexpr const char* kPropertyAbsent = "cdc.absent-columns";  ///< JSON array of column names

}  // namespace

std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata) {
  std::vector<std::string> columns;
  const auto names = nlohmann::json::parse(metadata.Property(kPropertyAbsent, "[]"), nullptr, false);
  if (!names.is_array()) return columns;
  for (const auto& name : names) {
    if (name.is_string()) columns.push_back(name.get<std::string>());
  }
  return columns;
}

iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns) {
  return {{{kPropertyAbsent, nlohmann::json(columns).dump()}}};
}

}  // namespace cdc::iceberg_sink
