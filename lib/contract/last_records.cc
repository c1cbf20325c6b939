#include "lib/contract/last_records.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/contract/offsets_json_internal.h"
#include "lib/core/hash128.h"

namespace cdc::contract {
namespace {

using nlohmann::json;

constexpr size_t kHexDigits = 16;

char* Put(uint64_t number, char* to) {
  for (int shift = 0; shift < 64; shift += 8) *to++ = static_cast<char>(number >> shift);
  return to;
}

char* Put(std::optional<std::string_view> bytes, char* to) {
  const Hash128 hash = bytes ? HashBytes(*bytes) : Hash128{};
  *to++ = bytes ? 1 : 0;
  return Put(hash.high, Put(hash.low, to));
}

Error Bad(std::string_view text) {
  return {ErrorKind::kCorrupt,
          fmt::format(
              "read last records: not {{\"<topic>\":{{\"<partition>\":[<offset>,\"<fingerprint>\"]}}}}: {}",
              text.substr(0, 200))};
}

std::optional<uint64_t> FromHex(const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != kHexDigits)
    return std::nullopt;
  return number;
}

std::optional<LastRecord> FromJson(const json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer() || !pair[1].is_string()) {
    return std::nullopt;
  }
  const auto fingerprint = FromHex(pair[1].get<std::string>());
  if (!fingerprint || pair[0].get<int64_t>() < 0) return std::nullopt;
  return LastRecord{pair[0].get<int64_t>(), *fingerprint};
}

}  // namespace

uint64_t Fingerprint(std::optional<std::string_view> key, std::optional<std::string_view> value,
                     int64_t timestamp_ms) {
  std::array<char, 8 + 17 + 17> bytes;
  Put(value, Put(key, Put(static_cast<uint64_t>(timestamp_ms), bytes.data())));
  return HashBytes({bytes.data(), bytes.size()}).low;
}

std::string EncodeLastRecords(const TopicLastRecords& records) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& [topic, partitions] : records) {
    auto& inner = object[topic] = nlohmann::ordered_json::object();
    for (const auto& [partition, last] : partitions) {
      inner[std::to_string(partition)] =
          nlohmann::ordered_json::array({last.offset, fmt::format("{:016x}", last.fingerprint)});
    }
  }
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<TopicLastRecords> DecodeLastRecords(std::string_view text) {
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object()) return Bad(text);
  TopicLastRecords records;
  for (const auto& [topic, partitions] : parsed.items()) {
    if (!partitions.is_object()) return Bad(text);
    LastRecords& of_topic = records[topic];
    for (const auto& [key, pair] : partitions.items()) {
      const auto partition = PartitionNumber(key);
      const auto last = FromJson(pair);
      if (!partition || !last) return Bad(text);
      of_topic[*partition] = *last;
    }
  }
  return records;
}

}  // namespace cdc::contract
