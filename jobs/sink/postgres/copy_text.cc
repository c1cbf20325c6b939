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

/// Digits and signs of one value, written in place and appended at once.
class Short {
 public:
  void Two(int64_t v) {
    text_[size_++] = static_cast<char>('0' + v / 10);
    text_[size_++] = static_cast<char>('0' + v % 10);
  }
  void Sign(char c) { text_[size_++] = c; }
  void AppendTo(std::string* out) const { out->append(text_.data(), size_); }

 private:
  std::array<char, 40> text_;
  size_t size_ = 0;
};

/// Year, month and day of days since 1970 (Howard Hinnant's civil_from_days).
/// \return false: not of the years 1 to 9999, and nothing was written
bool WriteDay(int64_t days, Short* out) {
  days += 719'468;
  if (days < 306 || days >= 3'652'365) return false;  // 0001-01-01 … 9999-12-31
  const auto shifted = static_cast<uint32_t>(days);
  const uint32_t era = shifted / 146'097, of_era = shifted - era * 146'097;
  const uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t from_march = (5 * of_year + 2) / 153;
  const uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  const uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  out->Two(year / 100);
  out->Two(year % 100);
  out->Sign('-');
  out->Two(month);
  out->Sign('-');
  out->Two(of_year - (153 * from_march + 2) / 5 + 1);
  return true;
}

/// \param micros of the day
void WriteTime(int64_t micros, Short* out) {
  const auto seconds = static_cast<uint32_t>(micros / kSecond), rest = static_cast<uint32_t>(micros % kSecond);
  out->Two(seconds / 3600);
  out->Sign(':');
  out->Two(seconds / 60 % 60);
  out->Sign(':');
  out->Two(seconds % 60);
  if (rest == 0) return;
  out->Sign('.');
  out->Two(rest / 10'000);
  out->Two(rest / 100 % 100);
  out->Two(rest % 100);
}

void AppendMoment(const rows::Column& column, uint32_t row, std::string* out) {
  const TypeKind kind = column.type().kind;
  Short text;
  bool written = true;
  if (kind == TypeKind::kDate) {
    written = WriteDay(column.fixed<int32_t>(row), &text);
  } else if (kind == TypeKind::kTime) {
    WriteTime(column.fixed<int64_t>(row), &text);
  } else {
    const auto micros = column.fixed<int64_t>(row);
    int64_t days = micros / kDay, rest = micros % kDay;
    if (rest < 0) rest += kDay, --days;
    written = WriteDay(days, &text);
    text.Sign(' ');
    WriteTime(rest, &text);
    if (kind == TypeKind::kTimestamptz) text.Sign('+'), text.Two(0);
  }
  if (written)
    text.AppendTo(out);
  else
    *out += rows::CellText(column, row);  // BC, or beyond the year 9999
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
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: AppendMoment(column, row, out); break;
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
  const auto letter_of = [](char c) -> char {
    switch (c) {
      case '\\': return '\\';
      case '\t': return 't';
      case '\n': return 'n';
      case '\r': return 'r';
      default: return 0;
    }
  };
  size_t from = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    // All of them but the backslash are below the space.
    if (text[at] != '\\' && static_cast<unsigned char>(text[at]) >= ' ') continue;
    const char letter = letter_of(text[at]);
    if (letter == 0) continue;
    out->append(text.data() + from, at - from);
    *out += '\\';
    *out += letter;
    from = at + 1;
  }
  out->append(text.data() + from, text.size() - from);
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
