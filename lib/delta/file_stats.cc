#include "lib/delta/file_stats.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace cdc::delta {
namespace {

using nlohmann::json;
using rows::TypeKind;

template <typename T>
T Raw(const std::string& bytes) {
  T value{};
  if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// "2024-02-29" of days since 1970 (the proleptic calendar); nothing outside the years 1 to 9999, which
/// readers may not read. Method: days since 0000-03-01 in eras of 400 years.
std::optional<std::string> DateText(int32_t days) {
  const int64_t z = int64_t{days} + 719'468;
  const int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const int64_t day_of_era = z - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 1 || year > 9999) return std::nullopt;
  return fmt::format("{:04d}-{:02d}-{:02d}", year, month, day);
}

json BoundJson(TypeKind kind, const std::string& bytes) {
  switch (kind) {
    case TypeKind::kInt: return Raw<int32_t>(bytes);
    case TypeKind::kLong: return Raw<int64_t>(bytes);
    case TypeKind::kString: return bytes;
    case TypeKind::kDate: {
      const auto text = DateText(Raw<int32_t>(bytes));
      return text ? json(*text) : json();
    }
    default: return {};
  }
}

}  // namespace

std::string StatsOf(const iceberg::DataFile& metrics, const rows::Schema& stored) {
  json nulls = json::object(), least = json::object(), most = json::object();
  for (const rows::Field& field : stored.fields) {
    if (field.type.kind == TypeKind::kList) continue;
    const auto count = metrics.null_value_counts.find(field.id);
    if (count != metrics.null_value_counts.end()) nulls[field.name] = count->second;
    const auto lower = metrics.lower_bounds.find(field.id), upper = metrics.upper_bounds.find(field.id);
    if (lower == metrics.lower_bounds.end() || upper == metrics.upper_bounds.end()) continue;
    json low = BoundJson(field.type.kind, lower->second), high = BoundJson(field.type.kind, upper->second);
    if (low.is_null() || high.is_null()) continue;
    least[field.name] = std::move(low);
    most[field.name] = std::move(high);
  }
  return json{{"numRecords", metrics.record_count},
              {"minValues", least},
              {"maxValues", most},
              {"nullCount", nulls},
              {"tightBounds", true}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string WithDeletedRows(const std::string& stats) {
  json parsed = json::parse(stats, nullptr, false);
  if (!parsed.is_object()) return stats;
  parsed["tightBounds"] = false;
  return parsed.dump(-1, ' ', false, json::error_handler_t::replace);
}

int64_t RecordsIn(const std::string& stats) {
  const json parsed = json::parse(stats, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("numRecords") || !parsed["numRecords"].is_number_integer())
    return -1;
  return parsed["numRecords"].get<int64_t>();
}

}  // namespace cdc::delta
