#include "orchestrator/json_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cdc::orchestrator {

JsonText& JsonText::Text(std::string_view value) {
  Separate();
  const bool plain = std::all_of(value.begin(), value.end(),
                                 [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (plain) {
    text_.append("\"").append(value).append("\"");
  } else {
    text_ += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return *this;
}

JsonText& JsonText::Number(int64_t value) {
  Separate();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  return *this;
}

JsonText& JsonText::Decimal(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return Raw("null");
  return Raw(fmt::format("{:.3f}", *value));
}

}  // namespace cdc::orchestrator
