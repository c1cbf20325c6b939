#include "jobs/sink/iceberg/rewrite_progress.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/contract/last_records.h"
#include "lib/core/read_file.h"

namespace cdc::iceberg_sink {
namespace {

using nlohmann::json;

constexpr const char* kProgressFile = "rewrite-progress";

std::string Checksum(const std::string& text) {
  return fmt::format("{:016x}", contract::Fingerprint(std::nullopt, text, 0));
}

json CountsToJson(const std::map<int32_t, int64_t>& counts) {
  json list = json::array();
  for (const auto& [id, count] : counts) list.push_back({id, count});
  return list;
}

std::map<int32_t, int64_t> CountsFrom(const json& list) {
  std::map<int32_t, int64_t> counts;
  for (const json& each : list) counts[each.at(0).get<int32_t>()] = each.at(1).get<int64_t>();
  return counts;
}

/// Bounds are bytes of any kind.
json BoundsToJson(const std::map<int32_t, std::string>& bounds) {
  json list = json::array();
  for (const auto& [id, bytes] : bounds) {
    json numbers = json::array();
    for (const char c : bytes) numbers.push_back(static_cast<int>(static_cast<unsigned char>(c)));
    list.push_back({id, std::move(numbers)});
  }
  return list;
}

std::map<int32_t, std::string> BoundsFrom(const json& list) {
  std::map<int32_t, std::string> bounds;
  for (const json& each : list) {
    std::string& bytes = bounds[each.at(0).get<int32_t>()];
    for (const json& number : each.at(1)) bytes += static_cast<char>(number.get<int>());
  }
  return bounds;
}

json FileToJson(const iceberg::DataFile& file) {
  return {{"path", file.file_path},
          {"rows", file.record_count},
          {"bytes", file.file_size_in_bytes},
          {"column_sizes", CountsToJson(file.column_sizes)},
          {"value_counts", CountsToJson(file.value_counts)},
          {"null_value_counts", CountsToJson(file.null_value_counts)},
          {"nan_value_counts", CountsToJson(file.nan_value_counts)},
          {"lower_bounds", BoundsToJson(file.lower_bounds)},
          {"upper_bounds", BoundsToJson(file.upper_bounds)},
          {"split_offsets", file.split_offsets},
          {"sort_order_id", file.sort_order_id ? json(*file.sort_order_id) : json()}};
}

iceberg::DataFile FileFrom(const json& o) {
  iceberg::DataFile file;
  file.file_path = o.at("path").get<std::string>();
  file.record_count = o.at("rows").get<int64_t>();
  file.file_size_in_bytes = o.at("bytes").get<int64_t>();
  file.column_sizes = CountsFrom(o.at("column_sizes"));
  file.value_counts = CountsFrom(o.at("value_counts"));
  file.null_value_counts = CountsFrom(o.at("null_value_counts"));
  file.nan_value_counts = CountsFrom(o.at("nan_value_counts"));
  file.lower_bounds = BoundsFrom(o.at("lower_bounds"));
  file.upper_bounds = BoundsFrom(o.at("upper_bounds"));
  file.split_offsets = o.at("split_offsets").get<std::vector<int64_t>>();
  if (!o.at("sort_order_id").is_null()) file.sort_order_id = o.at("sort_order_id").get<int32_t>();
  return file;
}

}  // namespace

Status SaveProgress(const std::filesystem::path& folder, const RewriteProgress& progress) {
  json files = json::array();
  for (const iceberg::DataFile& file : progress.written) files.push_back(FileToJson(file));
  const std::string text = json{
      {"of", progress.of},
      {"written", std::move(files)},
      {"source", progress.source},
      {"position",
       progress.position}}.dump();
  const auto temporary = folder / (std::string(kProgressFile) + ".new");
  {
    std::ofstream out(temporary, std::ios::trunc | std::ios::binary);
    out << Checksum(text) << '\n' << text;
    out.flush();
    if (!out) return Error{ErrorKind::kTransient, "cannot write " + temporary.string()};
  }
  std::error_code error;
  std::filesystem::rename(temporary, folder / kProgressFile, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot write " + temporary.string() + ": " + error.message()};
  return {};
}

RewriteProgress LoadProgress(const std::filesystem::path& folder, const std::string& of) {
  RewriteProgress none;
  none.of = of;
  const auto read = ReadWholeFile(folder / kProgressFile);
  if (!read || !*read) return none;
  const size_t line = (*read)->find('\n');
  if (line == std::string::npos) return none;
  const std::string text = (*read)->substr(line + 1);
  if ((*read)->substr(0, line) != Checksum(text)) return none;
  try {
    const json o = json::parse(text);
    RewriteProgress progress;
    progress.of = o.at("of").get<std::string>();
    if (progress.of != of) return none;
    for (const json& file : o.at("written")) progress.written.push_back(FileFrom(file));
    progress.source = o.at("source").get<size_t>();
    progress.position = o.at("position").get<int64_t>();
    return progress;
  } catch (const json::exception&) {
    return none;
  }
}

void RemoveProgress(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / kProgressFile, ignored);
}

}  // namespace cdc::iceberg_sink
