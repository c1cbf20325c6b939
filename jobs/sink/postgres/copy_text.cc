#include "jobs/sink/postgres/copy_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "lib/core/decimal.h"
#include "lib/rows/cast.h"

namespace cdc::postgres_sink {
namespace {

using rows::TypeKind;

constexpr int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;

template <typename T>
void AppendNumber(T v, std::string* out) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v).ptr;
  out->append(buffer.data(), static_cast<size_t>(end - buffer.data()));
}

template <typename T>
void AppendFloating(T v, std::string* out) {
  if (std::isnan(v))
    *out += "NaN";
  else if (std::isinf(v))
    *out += v < 0 ? "-Infinity" : "Infinity";
  else
    AppendNumber(v, out);
}

void AppendTwo(int64_t v, std::string* out) {
  *out += static_cast<char>('0' + v / 10);
  *out += static_cast<char>('0' + v % 10);
}

/// Year, month and day of days since 1970 (Howard Hinnant's civil_from_days), of the years 1 to 9999.
bool AppendDay(int64_t days, std::string* out) {
  days += 719'468;
  if (days < 306 || days >= 3'652'365) return false;  // 0001-01-01 … 9999-12-31
  const int64_t era = days / 146'097, of_era = days - era * 146'097;
  const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * of_year + 2) / 153;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2);
  AppendTwo(year / 100, out);
  AppendTwo(year % 100, out);
  *out += '-';
  AppendTwo(month, out);
  *out += '-';
  AppendTwo(of_year - (153 * shifted + 2) / 5 + 1, out);
  return true;
}

void AppendTime(int64_t micros, std::string* out) {
  AppendTwo(micros / (3600 * kSecond), out);
  *out += ':';
  AppendTwo(micros / (60 * kSecond) % 60, out);
  *out += ':';
  AppendTwo(micros / kSecond % 60, out);
  if (micros % kSecond == 0) return;
  *out += '.';
  for (int64_t unit = kSecond / 10, rest = micros % kSecond; unit > 0; rest %= unit, unit /= 10)
    *out += static_cast<char>('0' + rest / unit);
}

void AppendTimestamp(const rows::Column& column, uint32_t row, std::string* out) {
  const auto micros = column.fixed<int64_t>(row);
  int64_t days = micros / kDay, rest = micros % kDay;
  if (rest < 0) rest += kDay, --days;
  if (!AppendDay(days, out)) {  // another era: BC, or beyond the year 9999
    *out += rows::CellText(column, row);
    return;
  }
  *out += ' ';
  AppendTime(rest, out);
  if (column.type().kind == TypeKind::kTimestamptz) *out += "+00";
}

void AppendHex(std::string_view bytes, std::string* out) {
  constexpr const char* kHex = "0123456789abcdef";
  for (const char c : bytes) {
    *out += kHex[static_cast<unsigned char>(c) >> 4];
    *out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

/// Debezium sends the bits as a number, its lowest byte first.
void AppendBits(std::string_view bytes, int bits, std::string* out) {
  for (int bit = bits; bit-- > 0;) {
    const auto byte = static_cast<size_t>(bit / 8);
    const bool set = byte < bytes.size() && ((static_cast<unsigned char>(bytes[byte]) >> (bit % 8)) & 1) != 0;
    *out += set ? '1' : '0';
  }
}

/// An element of an array, quoted: within quotes only quotes and backslashes are special.
void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

void AppendScalar(const rows::Column& column, uint32_t row, std::string* out) {
  switch (column.type().kind) {
    case TypeKind::kBoolean: *out += column.fixed<uint8_t>(row) != 0 ? 't' : 'f'; break;
    case TypeKind::kInt: AppendNumber(column.fixed<int32_t>(row), out); break;
    case TypeKind::kLong: AppendNumber(column.fixed<int64_t>(row), out); break;
    case TypeKind::kFloat: AppendFloating(column.fixed<float>(row), out); break;
    case TypeKind::kDouble: AppendFloating(column.fixed<double>(row), out); break;
    case TypeKind::kDecimal: *out += DecimalToText(column.fixed<Int128>(row), column.type().scale); break;
    case TypeKind::kDate:
      if (!AppendDay(column.fixed<int32_t>(row), out)) *out += rows::CellText(column, row);
      break;
    case TypeKind::kTime: AppendTime(column.fixed<int64_t>(row), out); break;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: AppendTimestamp(column, row, out); break;
    default: *out += rows::CellText(column, row); break;
  }
}

std::string ListText(const rows::Column& column, uint32_t row) {
  std::string text = "{", element;
  for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
    if (text.size() > 1) text += ',';
    if (!column.element().has_value(i)) {
      text += "NULL";
      continue;
    }
    if (column.element().type().kind == TypeKind::kString) {
      AppendQuoted(column.element().bytes(i), &text);
      continue;
    }
    element.clear();
    AppendScalar(column.element(), i, &element);
    AppendQuoted(element, &text);
  }
  return text + "}";
}

/// Elements of `{…}` in array_out's form, one level deep. \return false: not such a text.
struct Element {
  std::string text;
  bool null = false;
};
bool SplitList(std::string_view text, std::vector<Element>* out) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
  text = text.substr(1, text.size() - 2);
  for (size_t at = 0; at < text.size();) {
    Element element;
    if (text[at] == '{') return false;
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) return false;
        element.text += text[at];
      }
      if (at++ == text.size()) return false;
    } else {
      while (at < text.size() && text[at] != ',') element.text += text[at++];
      element.null = element.text == "NULL";
    }
    out->push_back(std::move(element));
    if (at < text.size() && text[at++] != ',') return false;
  }
  return true;
}

bool ReadBytes(std::string_view text, std::string* out) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return false;
  for (size_t at = 2; at < text.size(); at += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    if (error != std::errc() || end != text.data() + at + 2) return false;
    *out += static_cast<char>(byte);
  }
  return true;
}

std::string BytesOfBits(std::string_view bits) {
  std::string bytes((bits.size() + 7) / 8, '\0');
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[bits.size() - 1 - i] == '1')
      bytes[i / 8] = static_cast<char>(static_cast<unsigned char>(bytes[i / 8]) | (1U << (i % 8)));
  }
  return bytes;
}

bool ReadScalar(std::string_view text, rows::Column* to) {
  if (to->type().kind == TypeKind::kString) {
    to->AppendBytes(text);
    return true;
  }
  if (to->type().kind == TypeKind::kBinary) {
    std::string bytes;
    if (!ReadBytes(text, &bytes)) return false;
    to->AppendBytes(bytes);
    return true;
  }
  rows::Column as_text(rows::Type::Of(TypeKind::kString));
  as_text.AppendBytes(text);
  return rows::CastCell(as_text, 0, to);
}

}  // namespace

void AppendEscaped(std::string_view text, std::string* out) {
  size_t from = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    char letter = 0;
    switch (text[at]) {
      case '\\': letter = '\\'; break;
      case '\t': letter = 't'; break;
      case '\n': letter = 'n'; break;
      case '\r': letter = 'r'; break;
      default: continue;
    }
    out->append(text.substr(from, at - from));
    *out += '\\';
    *out += letter;
    from = at + 1;
  }
  out->append(text.substr(from));
}

void AppendCell(const rows::Column& column, uint32_t row, Form form, int bits, std::string* out) {
  if (!column.has_value(row)) {
    *out += "\\N";
    return;
  }
  if (form == Form::kBits) return AppendBits(column.bytes(row), bits, out);
  if (form == Form::kBit) {
    *out += column.fixed<uint8_t>(row) != 0 ? '1' : '0';
    return;
  }
  switch (column.type().kind) {
    case TypeKind::kString: return AppendEscaped(column.bytes(row), out);
    case TypeKind::kBinary:
      *out += "\\\\x";
      return AppendHex(column.bytes(row), out);
    case TypeKind::kList: return AppendEscaped(ListText(column, row), out);
    default: return AppendScalar(column, row, out);
  }
}

bool ReadCell(std::string_view text, Form form, rows::Column* to) {
  if (form == Form::kBits) {
    to->AppendBytes(BytesOfBits(text));
    return true;
  }
  if (to->type().kind != TypeKind::kList) return ReadScalar(text, to);
  std::vector<Element> elements;
  if (!SplitList(text, &elements)) return false;
  const uint32_t before = to->size();
  rows::Column& list = to->BeginList();
  for (const Element& element : elements) {
    if (element.null) {
      list.AppendNull();
    } else if (!ReadScalar(element.text, &list)) {
      to->Truncate(before);
      return false;
    }
  }
  to->EndList();
  return true;
}

}  // namespace cdc::postgres_sink
