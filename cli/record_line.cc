#include "cli/record_line.h"

#include <limits>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace cdc::cli {
namespace {

using Json = nlohmann::json;

/// Follows the parser and keeps only what a record needs: no tree is built. An unknown name on the first
/// level means the line is an event; then the rest is only checked for being JSON.
class LineHandler : public nlohmann::json_sax<Json> {
 public:
  RecordLine record;
  std::string problem;
  bool is_event = false;
  bool has_value = false;

  bool start_object(size_t) override {
    if (depth_ == 0) {
      depth_ = 1;
      return true;
    }
    return Nested(+1) || Wrong("an object");
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ == 0) return Refuse("the line is an array, not an object");
    if (!is_event && field_ == Field::kHeaders && depth_ <= 2) {
      ++depth_;
      header_parts_ = 0;
      return true;
    }
    return Nested(+1) || Wrong("an array");
  }
  bool end_array() override {
    --depth_;
    if (is_event || field_ != Field::kHeaders || depth_ != 2) return true;
    return header_parts_ == 2 || Wrong("not a list of [name, value]");
  }
  bool key(string_t& name) override {
    if (is_event || depth_ != 1) return true;
    field_ = FieldOf(name);
    if (field_ == Field::kUnknown) is_event = true;
    has_value |= field_ == Field::kValue;
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ == 0) return Refuse("the line is not an object");
    if (is_event) return true;
    switch (field_) {
      case Field::kTopic: record.topic = std::move(text); return true;
      case Field::kKey: record.key = std::move(text); return true;
      case Field::kValue: record.value = std::move(text); return true;
      case Field::kHeaders: return HeaderPart(std::move(text));
      default: return Wrong("a string");
    }
  }
  bool null() override {
    if (depth_ == 0) return Refuse("the line is not an object");
    if (is_event || field_ != Field::kHeaders || depth_ == 1) return true;
    return HeaderPart(std::nullopt);
  }
  bool number_unsigned(number_unsigned_t n) override {
    if (n > static_cast<number_unsigned_t>(std::numeric_limits<int64_t>::max())) return Number(-1);
    return Number(static_cast<int64_t>(n));
  }
  bool number_integer(number_integer_t n) override { return Number(n); }
  bool number_float(number_float_t, const string_t&) override { return Scalar("a fraction"); }
  bool boolean(bool) override { return Scalar("true or false"); }
  bool binary(binary_t&) override { return false; }
  bool parse_error(size_t place, const std::string&, const Json::exception&) override {
    return Refuse(fmt::format("not JSON, from character {} on", place));
  }

 private:
  enum class Field { kTopic, kPartition, kOffset, kTimestamp, kKey, kValue, kHeaders, kUnknown };

  static Field FieldOf(const std::string& name) {
    if (name == "value") return Field::kValue;
    if (name == "key") return Field::kKey;
    if (name == "headers") return Field::kHeaders;
    if (name == "topic") return Field::kTopic;
    if (name == "partition") return Field::kPartition;
    if (name == "timestamp") return Field::kTimestamp;
    if (name == "offset") return Field::kOffset;
    return Field::kUnknown;
  }
  const char* FieldName() const {
    constexpr const char* kNames[] = {"topic", "partition", "offset",  "timestamp",
                                      "key",   "value",     "headers", "?"};
    return kNames[static_cast<int>(field_)];
  }
  bool Refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }
  /// A known name with a value of another type: an error if all other names are known, too; if not, the line
  /// was an event all along. So it is remembered, and the names still to come decide.
  bool Wrong(const char* what) {
    if (problem.empty()) problem = fmt::format("{} is {}", FieldName(), what);
    return true;
  }
  bool Nested(int step) {
    depth_ += step;
    return is_event;
  }
  bool Scalar(const char* what) {
    if (depth_ == 0) return Refuse("the line is not an object");
    return is_event || depth_ > 1 + (field_ == Field::kHeaders ? 2 : 0) || Wrong(what);
  }
  bool Number(int64_t n) {
    if (depth_ != 1 || is_event) return Scalar("a number");
    switch (field_) {
      case Field::kPartition:
        if (n < 0 || n > std::numeric_limits<int32_t>::max()) return Wrong("out of range");
        record.partition = static_cast<int32_t>(n);
        return true;
      case Field::kTimestamp: record.timestamp_ms = n; return true;
      case Field::kOffset: return true;
      default: return Wrong("a number");
    }
  }
  bool HeaderPart(std::optional<std::string> part) {
    if (depth_ != 3) return Wrong("not a list of [name, value]");
    if (header_parts_++ == 0) {
      if (!part) Wrong("not a list of [name, value]");
      record.headers.emplace_back(std::move(part).value_or(""), std::nullopt);
    } else {
      record.headers.back().second = std::move(part);
    }
    return true;
  }

  int depth_ = 0;
  int header_parts_ = 0;
  Field field_ = Field::kUnknown;
};

}  // namespace

Result<RecordLine> ParseRecordLine(std::string_view line) {
  LineHandler handler;
  const bool json = Json::sax_parse(line, &handler);
  if (json && (handler.is_event || !handler.has_value)) {
    RecordLine event;
    event.value = line;
    return event;
  }
  if (!json || !handler.problem.empty()) {
    return Error{ErrorKind::kBadValue, handler.problem.empty() ? "not JSON" : handler.problem};
  }
  return std::move(handler.record);
}

}  // namespace cdc::cli
