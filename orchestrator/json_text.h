#pragma once

/// \file orchestrator/json_text.h
/// Writes JSON straight into a text: ten thousand tables make a quarter of a million values, for which a
/// tree of objects would cost more than a tenth of a second.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::orchestrator {

/// The caller pairs Open and Close, and gives each value of an object its key.
class JsonText {
 public:
  JsonText& Open(char bracket) {
    Separate();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  JsonText& Close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  /// \param key needs no escapes
  JsonText& Key(std::string_view key) {
    Separate();
    text_.append("\"").append(key).append("\":");
    first_ = true;  // no comma before the value
    return *this;
  }
  /// What is no UTF-8 is replaced.
  JsonText& Text(std::string_view value);
  JsonText& Number(int64_t value);
  /// With three digits after the point.
  JsonText& Decimal(std::optional<double> value);
  JsonText& Flag(bool value) { return Raw(value ? "true" : "false"); }
  /// \param json one value
  JsonText& Raw(std::string_view json) {
    Separate();
    text_ += json;
    return *this;
  }
  JsonText& Number(std::optional<int64_t> value) { return value ? Number(*value) : Raw("null"); }

  std::string Take() { return std::move(text_); }

 private:
  void Separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace cdc::orchestrator
