#include "tests/component/worker/captured.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace cdc::worker {
namespace {

using nlohmann::json;

constexpr int64_t kNoLsn = -1;
constexpr int64_t kLate = std::numeric_limits<int64_t>::max();

/// The change inside a value, with or without an embedded schema; empty for tombstones.
json ChangeOf(const Event& event) {
  if (!event.value) return json::object();
  json value = json::parse(*event.value);
  return value.contains("payload") ? value["payload"] : value;
}

/// A tombstone has none; the incremental snapshot at the scenario's end comes after everything.
int64_t LsnOf(const json& change) {
  if (!change.contains("source") || !change["source"].is_object()) return kNoLsn;
  const json& source = change["source"];
  if (source.value("snapshot", json()) == json("incremental")) return kLate;
  return source.contains("lsn") && source["lsn"].is_number() ? source["lsn"].get<int64_t>() : kNoLsn;
}

}  // namespace

std::map<std::string, CapturedTopic> ReadCaptured(const std::string& file) {
  std::ifstream lines(std::string(CDC_TEST_DATA) + "/fixtures/" + file);
  if (!lines) throw std::runtime_error("cannot read " + file);
  std::map<std::string, CapturedTopic> topics;
  std::map<std::string, std::vector<int64_t>> lsns;
  int64_t truncated_at = kLate;
  for (std::string line; std::getline(lines, line);) {
    const json record = json::parse(line);
    Event event;
    if (record["key"].is_string()) event.key = record["key"].get<std::string>();
    if (record["value"].is_string()) event.value = record["value"].get<std::string>();
    if (record["headers"].is_array()) {
      for (const json& header : record["headers"]) event.headers.emplace_back(header[0], header[1]);
    }
    const std::string topic = record["topic"];
    const json change = ChangeOf(event);
    const int64_t lsn = LsnOf(change);
    if (change.value("op", "") == "t") truncated_at = std::min(truncated_at, lsn);
    lsns[topic].push_back(lsn);
    topics[topic].events.push_back(std::move(event));
  }
  for (auto& [topic, captured] : topics) {
    const auto& all = lsns[topic];
    const auto cut = std::find_if(all.begin(), all.end(), [&](int64_t lsn) { return lsn >= truncated_at; });
    captured.before_truncate = static_cast<size_t>(cut - all.begin());
  }
  return topics;
}

}  // namespace cdc::worker
