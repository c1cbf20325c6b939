#pragma once

/// \file cli/record_line.h
/// One line of a file that `cdc produce` sends.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace cdc::cli {

struct RecordLine {
  std::optional<std::string> topic = {};
  std::optional<int32_t> partition = {};
  std::optional<int64_t> timestamp_ms = {};
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

/// A line is a record when all its names are of key, value, headers, topic, partition, timestamp, offset, and
/// value is among them; anything else is an event, which becomes the value byte for byte, with a null key.
///
/// A record's key and value are strings or null, headers null or [[name, string or null], …]; offset is
/// ignored. \return kBadValue: not one JSON object, or a record whose parts are of other types.
Result<RecordLine> ParseRecordLine(std::string_view line);

}  // namespace cdc::cli
