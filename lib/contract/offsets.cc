#include "lib/contract/offsets.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/offsets_json_internal.h"

namespace cdc::contract {
namespace {

using nlohmann::json;

Error Bad(std::string_view text) {
  return {ErrorKind::kCorrupt,
          fmt::format("read offsets: not {{\"<partition>\":<next offset>}}: {}", text.substr(0, 200))};
}

}  // namespace

std::optional<int32_t> PartitionNumber(const std::string& text) {
  int32_t number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

nlohmann::ordered_json OffsetsToJson(const PartitionOffsets& offsets) {
  // Ordered by number: "10" comes after "2", as in the map.
  auto object = nlohmann::ordered_json::object();
  for (const auto& [partition, next] : offsets) object[std::to_string(partition)] = next;
  return object;
}

Result<PartitionOffsets> OffsetsFromJson(const json& object) {
  if (!object.is_object()) return Bad(object.dump(-1, ' ', false, json::error_handler_t::replace));
  PartitionOffsets offsets;
  for (const auto& [key, value] : object.items()) {
    auto partition = PartitionNumber(key);
    if (!partition || !value.is_number_integer() || value.get<int64_t>() < 0) {
      return Bad(object.dump(-1, ' ', false, json::error_handler_t::replace));
    }
    offsets[*partition] = value.get<int64_t>();
  }
  return offsets;
}

std::string EncodeOffsets(const PartitionOffsets& offsets) { return OffsetsToJson(offsets).dump(); }

std::string EncodeOffsets(const TopicOffsets& offsets) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& [topic, partitions] : offsets) object[topic] = OffsetsToJson(partitions);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<PartitionOffsets> DecodePartitionOffsets(std::string_view text) {
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return Bad(text);
  return OffsetsFromJson(parsed);
}

Result<TopicOffsets> DecodeTopicOffsets(std::string_view text) {
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object()) return Bad(text);
  TopicOffsets offsets;
  for (const auto& [topic, partitions] : parsed.items()) {
    CDC_ASSIGN(offsets[topic], OffsetsFromJson(partitions));
  }
  return offsets;
}

}  // namespace cdc::contract
