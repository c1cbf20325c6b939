#include "lib/contract/key_changes.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/offsets_json_internal.h"

namespace cdc::contract {
namespace {

using nlohmann::json;

constexpr size_t kHexDigits = 16;  // of each half of a key

Error Bad(std::string_view text) {
  return {ErrorKind::kCorrupt,
          fmt::format("read key changes: not as written by a worker: {}", text.substr(0, 200))};
}

bool ReadHex(std::string_view text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, 16);
  return error == std::errc() && end == text.data() + text.size() && text.size() == kHexDigits;
}

bool ReadApplied(const json& fields, AppliedChange* out) {
  if (!fields.is_array() || fields.size() != 8) return false;
  for (const json& field : fields) {
    if (!field.is_number_integer() || (!field.is_number_unsigned() && field.get<int64_t>() < 0)) return false;
  }
  *out = {fields[0].get<uint64_t>(),
          fields[1].get<uint64_t>(),
          fields[2] != 0,
          fields[3].get<int64_t>(),
          fields[4].get<uint32_t>(),
          fields[5].get<uint64_t>(),
          fields[6].get<int64_t>(),
          fields[7] != 0};
  return true;
}

bool ReadDisplaced(const json& fields, DisplacedKey* out) {
  if (!fields.is_array() || fields.size() != 3 || !fields[0].is_string() || !fields[1].is_number_unsigned() ||
      !fields[2].is_number_unsigned()) {
    return false;
  }
  out->noted = fields[2] != 0;
  const auto& hex = fields[0].get_ref<const std::string&>();
  out->transaction = fields[1].get<uint64_t>();
  return hex.size() == 2 * kHexDigits &&
         ReadHex(std::string_view(hex).substr(0, kHexDigits), &out->key.low) &&
         ReadHex(std::string_view(hex).substr(kHexDigits), &out->key.high);
}

}  // namespace

std::string EncodeKeyChanges(const KeyChangeState& state) {
  auto object = nlohmann::ordered_json::object();
  auto& applied = object["applied"] = nlohmann::ordered_json::object();
  for (const auto& [partition, change] : state.applied) {
    applied[std::to_string(partition)] = nlohmann::ordered_json::array(
        {change.transaction, change.lsn, change.second_half ? 1 : 0, change.ts_ms, change.rows,
         change.first_row, change.sent_ms, change.every_change ? 1 : 0});
  }
  auto& displaced = object["displaced"] = nlohmann::ordered_json::array();
  for (const DisplacedKey& each : state.displaced) {
    displaced.push_back(nlohmann::ordered_json::array(
        {fmt::format("{:016x}{:016x}", each.key.low, each.key.high), each.transaction, each.noted ? 1 : 0}));
  }
  return object.dump();
}

Result<KeyChangeState> DecodeKeyChanges(std::string_view text) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return Bad(text);
  KeyChangeState state;
  const auto applied = parsed.find("applied"), displaced = parsed.find("displaced");
  if (applied == parsed.end() || !applied->is_object() || displaced == parsed.end() || !displaced->is_array())
    return Bad(text);
  for (const auto& [name, fields] : applied->items()) {
    const auto partition = PartitionNumber(name);
    if (!partition || !ReadApplied(fields, &state.applied[*partition])) return Bad(text);
  }
  for (const json& fields : *displaced) {
    if (!ReadDisplaced(fields, &state.displaced.emplace_back())) return Bad(text);
  }
  return state;
}

}  // namespace cdc::contract
