#include "lib/contract/event_times.h"

#include <nlohmann/json.hpp>

namespace cdc::contract {

std::string EncodeEventTimes(const EventTimes& times) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [partition, micros] : times) object[std::to_string(partition)] = micros;
  return object.dump();
}

Result<EventTimes> DecodeEventTimes(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  const Error wrong{ErrorKind::kCorrupt,
                    "the event times are not an object of partitions: " + std::string(json)};
  if (!object.is_object()) return wrong;
  EventTimes times;
  for (const auto& [partition, micros] : object.items()) {
    const bool number = !partition.empty() && partition.size() < 10 &&
                        partition.find_first_not_of("0123456789") == std::string::npos;
    if (!number || !micros.is_number_integer()) return wrong;
    times[std::stoi(partition)] = micros.get<int64_t>();
  }
  return times;
}

}  // namespace cdc::contract
