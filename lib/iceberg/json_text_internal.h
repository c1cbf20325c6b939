#pragma once

/// \file lib/iceberg/json_text_internal.h
/// JSON trees to text without exceptions, for the room's own .cc files.

#include <nlohmann/json.hpp>
#include <string>

namespace cdc::iceberg {

/// Bytes that are no UTF-8 become U+FFFD instead of an exception.
inline std::string DumpJson(const nlohmann::ordered_json& tree) {
  return tree.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace cdc::iceberg
