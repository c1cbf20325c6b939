#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "lib/core/decimal.h"
#include "lib/rows/cast.h"
#include "lib/verify/column_form.h"

namespace cdc::verify {
namespace {

using rows::TypeKind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Any text of a decimal number, as trim_scale(numeric)::text writes it. What is no number stays as it is.
std::string NumberText(std::string_view text) {
  // Debezium's names for what is no number.
  if (text == "NAN") return "NaN";
  if (text == "POSITIVE_INFINITY") return "Infinity";
  if (text == "NEGATIVE_INFINITY") return "-Infinity";
  const bool negative = text.starts_with('-');
  std::string digits;
  int64_t point = -1, exponent = 0;
  size_t at = negative || text.starts_with('+') ? 1 : 0;
  for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && point < 0)); ++at) {
    if (text[at] == '.')
      point = static_cast<int64_t>(digits.size());
    else
      digits += text[at];
  }
  if (point < 0) point = static_cast<int64_t>(digits.size());
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::string_view tail = text.substr(at + 1);
    if (tail.starts_with('+')) tail.remove_prefix(1);
    const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
    at = error == std::errc() ? static_cast<size_t>(end - text.data()) : 0;
  }
  constexpr int64_t kMostDigits = 200'000;  // numeric has 131,072 before the point and 16,383 behind it
  if (digits.empty() || at != text.size() || exponent > kMostDigits || exponent < -kMostDigits)
    return std::string(text);
  point += exponent;
  if (point < 0) digits.insert(0, static_cast<size_t>(-point), '0'), point = 0;
  if (point > static_cast<int64_t>(digits.size()))
    digits.append(static_cast<size_t>(point) - digits.size(), '0');
  std::string whole = digits.substr(0, static_cast<size_t>(point)),
              rest = digits.substr(static_cast<size_t>(point));
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  rest.erase(rest.find_last_not_of('0') + 1);
  const bool zero = whole.empty() && rest.empty();
  if (whole.empty()) whole = "0";
  return (negative && !zero ? "-" : "") + whole + (rest.empty() ? "" : "." + rest);
}

/// "05:34:56.500Z", "05:34Z" → "05:34:56.5", "05:34:00"; others stay.
std::string TimetzText(std::string_view text) {
  if (!text.ends_with('Z')) return std::string(text);
  std::string time(text.substr(0, text.size() - 1));
  if (time.size() == 5) time += ":00";
  if (time.starts_with("24:")) time.replace(0, 2, "00");  // the end of a day is the begin of one, in UTC
  if (time.find('.') == time.npos) return time;
  time.erase(time.find_last_not_of('0') + 1);
  if (time.ends_with('.')) time.pop_back();
  return time;
}

/// One part of an ISO 8601 duration, "-4.5" of seconds, in microseconds or whole units.
bool ReadPart(std::string_view number, int decimals, Int128* out) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  Int128 value = 0;
  int behind = -1;
  for (const char c : number) {
    if (c == '.' && behind < 0) {
      behind = 0;
      continue;
    }
    if (!IsDigit(c) || behind >= decimals) return false;
    value = value * 10 + (c - '0');
    if (behind >= 0) ++behind;
  }
  for (int i = std::max(behind, 0); i < decimals; ++i) value *= 10;
  *out = negative ? -value : value;
  return !number.empty() && number.size() < 30;
}

std::string IntervalText(std::string_view text) {
  Int128 months = 0, days = 0, micros = 0;
  bool time = false;
  if (!text.starts_with('P')) return std::string(text);
  for (size_t at = 1; at < text.size();) {
    if (text[at] == 'T' && !time) {
      time = true;
      ++at;
      continue;
    }
    const size_t unit = text.find_first_not_of("-.0123456789", at);
    Int128 value = 0;
    if (unit == text.npos || !ReadPart(text.substr(at, unit - at), text[unit] == 'S' ? 6 : 0, &value))
      return std::string(text);
    switch (text[unit]) {
      case 'Y': months += value * 12; break;
      case 'M': time ? micros += value* 60'000'000 : months += value; break;
      case 'D': days += value; break;
      case 'H': micros += value * 3'600'000'000; break;
      case 'S': micros += value; break;
      default: return std::string(text);
    }
    at = unit + 1;
  }
  return DecimalToText(months, 0) + " " + DecimalToText(days, 0) + " " + DecimalToText(micros, 0);
}

/// As PostgreSQL writes a string of jsonb (escape_json).
void AppendJsonString(std::string_view text, std::string* out) {
  constexpr const char* kHex = "0123456789abcdef";
  *out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': *out += "\\\""; break;
      case '\\': *out += "\\\\"; break;
      case '\b': *out += "\\b"; break;
      case '\f': *out += "\\f"; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= ' ') {
          *out += c;
        } else {
          *out += "\\u00";
          *out += kHex[static_cast<unsigned char>(c) >> 4];
          *out += kHex[c & 15];
        }
    }
  }
  *out += '"';
}

std::string HstoreText(std::string_view text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return std::string(text);
  std::vector<std::pair<std::string, const nlohmann::json*>> pairs;
  for (const auto& [key, value] : object.items()) pairs.emplace_back(key, &value);
  // jsonb's order of keys: shorter ones first.
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
  });
  std::string out = "{";
  for (const auto& [key, value] : pairs) {
    if (out.size() > 1) out += ", ";
    AppendJsonString(key, &out);
    out += ": ";
    if (value->is_string())
      AppendJsonString(value->get_ref<const std::string&>(), &out);
    else
      out += value->dump();
  }
  return out + "}";
}

std::string BitsText(std::string_view bytes) {
  std::string bits;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    for (int bit = 7; bit >= 0; --bit)
      bits += (static_cast<unsigned char>(*byte) >> bit & 1) != 0 ? '1' : '0';
  }
  return bits.erase(0, std::min(bits.find('1'), bits.size()));
}

/// A text of another notation as PostgreSQL's text of its type; itself where it is none of that type.
std::string Reread(const rows::Column& column, uint32_t row, TypeKind kind) {
  rows::Column read(rows::Type::Of(kind));
  if (rows::CastCell(column, row, &read)) return rows::CellText(read, 0);
  return std::string(column.bytes(row));
}

}  // namespace

std::string FormText(const rows::Column& column, uint32_t row, CellForm form) {
  const bool text = column.type().kind == TypeKind::kString;
  switch (form) {
    case CellForm::kPlain: break;
    case CellForm::kNumber:
      return NumberText(text ? std::string(column.bytes(row)) : rows::CellText(column, row));
    case CellForm::kTimetz: return text ? TimetzText(column.bytes(row)) : rows::CellText(column, row);
    case CellForm::kInterval: return text ? IntervalText(column.bytes(row)) : rows::CellText(column, row);
    case CellForm::kHstore: return text ? HstoreText(column.bytes(row)) : rows::CellText(column, row);
    case CellForm::kBits: return BitsText(column.bytes(row));
    case CellForm::kTextBytes: return std::string(column.bytes(row));
    case CellForm::kTimestamptz:
      return text ? Reread(column, row, TypeKind::kTimestamptz) : rows::CellText(column, row);
  }
  return rows::CellText(column, row);
}

void AppendElement(std::string_view text, std::string* out) {
  const auto special = [](char c) {
    return c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || c == ' ' || (c >= '\t' && c <= '\r');
  };
  const bool null = text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' &&
                    (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
  if (!text.empty() && !null && std::none_of(text.begin(), text.end(), special)) {
    *out += text;
    return;
  }
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

bool AppendCellText(const rows::Column& column, uint32_t row, CellForm form, std::string* out) {
  if (!column.has_value(row)) return false;
  if (column.type().kind != TypeKind::kList) {
    *out += FormText(column, row, form);
    return true;
  }
  *out += '{';
  for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
    if (i > column.list_begin(row)) *out += ',';
    if (column.element().has_value(i))
      AppendElement(FormText(column.element(), i, form), out);
    else
      *out += "NULL";
  }
  *out += '}';
  return true;
}

}  // namespace cdc::verify
