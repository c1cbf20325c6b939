#pragma once

/// \file tests/component/worker/letters.h
/// What the tests of odd and bad messages look at.

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

inline std::string HeaderOf(const Event& event, const std::string& name) {
  for (const auto& [header, value] : event.headers) {
    if (header == name) return value;
  }
  return "";
}

/// Dead letters by offset, and that each says where it came from and has the bytes it came with.
inline std::set<int64_t> CheckedLetters(Pipeline& pipeline, const std::string& topic,
                                        const std::vector<Event>& sent) {
  std::set<int64_t> offsets;
  for (const Event& letter : pipeline.Read(topic + ".dlq")) {
    const int64_t offset = std::stoll(HeaderOf(letter, "cdc.offset"));
    INFO("letter of offset " << offset << ": " << HeaderOf(letter, "cdc.reason"));
    CHECK(HeaderOf(letter, "cdc.topic") == topic);
    CHECK(HeaderOf(letter, "cdc.partition") == "0");
    CHECK(!HeaderOf(letter, "cdc.reason").empty());
    CHECK(letter.key == sent.at(static_cast<size_t>(offset)).key);
    CHECK(letter.value == sent.at(static_cast<size_t>(offset)).value);
    CHECK(offsets.insert(offset).second);
  }
  return offsets;
}

/// {id: column} of the rows.
inline std::map<int64_t, nlohmann::json> Column(const nlohmann::json& table, const std::string& name) {
  std::map<int64_t, nlohmann::json> values;
  for (const nlohmann::json& row : table["rows"]) values[row["id"]] = row[name];
  return values;
}

inline Event Broken(Event event, const std::string& value) {
  event.value = value;
  return event;
}

}  // namespace cdc::worker
