#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "lib/rows/value_text_internal.h"

namespace cdc::rows {
namespace {

constexpr int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// PostgreSQL passes over white space around numbers and booleans.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

/// Of a text with an exponent: "1.250e+05" → "125".
std::string DigitsOf(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, text.find('e'))) {
    if (IsDigit(c)) digits += c;
  }
  return digits.substr(0, digits.find_last_not_of('0') + 1);
}

/// Whether `text` is the middle between `v` and a neighbour of its type: what is read back then is a matter
/// of rounding, and PostgreSQL does not write such a text.
template <typename T>
bool IsMiddle(const char* text, T v) {
  const long double read = std::strtold(text, nullptr);
  for (const T end : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity()}) {
    // A long double has more bits than T and one.
    const long double middle = (static_cast<long double>(std::nextafter(v, end)) + v) / 2;
    if (read != middle) continue;
    std::array<char, 80> exact{};
    std::snprintf(exact.data(), exact.size(), "%.60Le", middle);
    if (DigitsOf(exact.data()) == DigitsOf(text)) return true;
  }
  return false;
}

/// \param fixed_below powers of ten from here on are written with an exponent
template <typename T>
std::string ShortestText(T v, int fixed_below) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
  if (v == 0) return std::signbit(v) ? "-0" : "0";
  std::array<char, 64> buffer{};
  char* const last = buffer.data() + buffer.size() - 1;
  char* end = std::to_chars(buffer.data(), last, v, std::chars_format::scientific).ptr;
  *end = 0;
  for (int digits = 1; IsMiddle(buffer.data(), v) && digits < 20; ++digits) {
    std::array<char, 64> longer{};
    char* const stop = std::to_chars(longer.data(), longer.data() + longer.size() - 1, v,
                                     std::chars_format::scientific, digits)
                           .ptr;
    *stop = 0;
    T read{};
    std::from_chars(longer.data(), stop, read);
    if (read != v || IsMiddle(longer.data(), v)) continue;
    buffer = longer;
    end = buffer.data() + (stop - longer.data());
  }
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const size_t e = text.find('e');
  const std::string digits = DigitsOf(text);
  int exponent = 0;
  std::string_view tail = text.substr(e + 1);
  if (tail.front() == '+') tail.remove_prefix(1);
  std::from_chars(tail.data(), tail.data() + tail.size(), exponent);

  std::string out = negative ? "-" : "";
  if (exponent < -4 || exponent >= fixed_below) {
    out += digits.substr(0, 1);
    if (digits.size() > 1) out += "." + digits.substr(1);
    std::array<char, 16> tail_text{};
    std::snprintf(tail_text.data(), tail_text.size(), "e%c%02d", exponent < 0 ? '-' : '+',
                  std::abs(exponent));
    return out + tail_text.data();
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

template <typename T>
std::optional<T> FloatingFromText(std::string_view text) {
  text = Trimmed(text);
  std::string_view number = text;
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  const std::string word = Lower(number);
  if (word == "nan" && number.size() == text.size()) return std::numeric_limits<T>::quiet_NaN();
  if (word == "infinity" || word == "inf") {
    const T infinity = std::numeric_limits<T>::infinity();
    return negative ? -infinity : infinity;
  }
  if (number.empty() ||
      !(IsDigit(number.front()) || (number.front() == '.' && number.size() > 1 && IsDigit(number[1]))))
    return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string Padded(int64_t number, int width) {
  std::string text = std::to_string(number);
  return std::string(static_cast<size_t>(std::max<int64_t>(0, width - static_cast<int64_t>(text.size()))),
                     '0') +
         text;
}

/// Reads fixed and open runs of digits off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  /// Between `least` and `most` digits.
  std::optional<int64_t> Number(size_t least, size_t most) {
    size_t n = 0;
    while (n < rest_.size() && n <= most && IsDigit(rest_[n])) ++n;
    if (n < least || n > most) return std::nullopt;
    int64_t value = 0;
    std::from_chars(rest_.data(), rest_.data() + n, value);
    rest_.remove_prefix(n);
    digits_ = n;
    return value;
  }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  size_t digits() const { return digits_; }  ///< of the last number
  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  size_t digits_ = 0;
};

struct YearMonthDay {
  int64_t year = 0, month = 0, day = 0;
};

std::optional<YearMonthDay> ReadDate(Reader* reader) {
  const auto year = reader->Number(4, 6);
  if (!year || !reader->Take("-")) return std::nullopt;
  const auto month = reader->Number(2, 2);
  if (!month || !reader->Take("-")) return std::nullopt;
  const auto day = reader->Number(2, 2);
  if (!day || *year == 0) return std::nullopt;
  return YearMonthDay{*year, *month, *day};
}

/// Days since 1970 (Howard Hinnant's civil calendar: std::chrono's years end at 32767, PostgreSQL's do not).
int64_t DaysOf(int64_t y, int64_t m, int64_t d) {
  y -= m <= 2;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

YearMonthDay CivilOf(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1};
}

/// \return nothing: no such day.
std::optional<int64_t> DaysOf(YearMonthDay date, bool bc) {
  if (bc) date.year = 1 - date.year;
  const int64_t days = DaysOf(date.year, date.month, date.day);
  const YearMonthDay back = CivilOf(days);
  if (back.year != date.year || back.month != date.month || back.day != date.day) return std::nullopt;
  return days;
}

std::optional<int64_t> ReadTime(Reader* reader) {
  const auto hour = reader->Number(2, 2);
  if (!hour || *hour > 23 || !reader->Take(":")) return std::nullopt;
  const auto minute = reader->Number(2, 2);
  if (!minute || *minute > 59 || !reader->Take(":")) return std::nullopt;
  const auto second = reader->Number(2, 2);
  if (!second || *second > 59) return std::nullopt;
  int64_t micros = *hour * kHour + *minute * kMinute + *second * kSecond;
  if (!reader->Take(".")) return micros;
  auto fraction = reader->Number(1, 6);
  if (!fraction) return std::nullopt;
  for (size_t n = reader->digits(); n < 6; ++n) *fraction *= 10;
  return micros + *fraction;
}

/// Microseconds east of Greenwich.
std::optional<int64_t> ReadOffset(Reader* reader) {
  if (reader->Take("Z")) return 0;
  const bool west = reader->Take("-");
  if (!west && !reader->Take("+")) return std::nullopt;
  int64_t micros = 0;
  for (const int64_t unit : {kHour, kMinute, kSecond}) {
    const auto number = reader->Number(2, 2);
    if (!number || *number > 59) return std::nullopt;
    micros += *number * unit;
    if (!reader->Take(":")) break;
  }
  return west ? -micros : micros;
}

/// Year, month and day; the caller appends " BC" where `bc` says so.
std::string CivilText(int64_t days, bool* bc) {
  const YearMonthDay date = CivilOf(days);
  *bc = date.year <= 0;
  return Padded(*bc ? 1 - date.year : date.year, 4) + "-" + Padded(date.month, 2) + "-" + Padded(date.day, 2);
}

}  // namespace

std::string DoubleToText(double v) { return ShortestText(v, 15); }
std::string FloatToText(float v) { return ShortestText(v, 6); }
std::optional<double> DoubleFromText(std::string_view text) { return FloatingFromText<double>(text); }
std::optional<float> FloatFromText(std::string_view text) { return FloatingFromText<float>(text); }

std::optional<int64_t> IntegerFromText(std::string_view text) {
  text = Trimmed(text);
  if (text.starts_with('+') && text.size() > 1 && IsDigit(text[1])) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> BooleanFromText(std::string_view text) {
  const std::string word = Lower(Trimmed(text));
  for (const char* yes : {"t", "true", "y", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const char* no : {"f", "false", "n", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::string DateToText(int32_t days) {
  bool bc = false;
  const std::string text = CivilText(days, &bc);
  return bc ? text + " BC" : text;
}

std::optional<int32_t> DateFromText(std::string_view text) {
  Reader reader(text);
  const auto date = ReadDate(&reader);
  if (!date) return std::nullopt;
  const bool bc = reader.Take(" BC");
  const auto days = reader.done() ? DaysOf(*date, bc) : std::nullopt;
  if (!days || *days > std::numeric_limits<int32_t>::max() || *days < std::numeric_limits<int32_t>::min())
    return std::nullopt;
  return static_cast<int32_t>(*days);
}

std::string TimeToText(int64_t micros) {
  std::string text = Padded(micros / kHour, 2) + ":" + Padded(micros / kMinute % 60, 2) + ":" +
                     Padded(micros / kSecond % 60, 2);
  if (micros % kSecond == 0) return text;
  text += "." + Padded(micros % kSecond, 6);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::optional<int64_t> TimeFromText(std::string_view text) {
  Reader reader(text);
  const auto micros = ReadTime(&reader);
  return reader.done() ? micros : std::nullopt;
}

std::string TimestampToText(int64_t micros, bool zone) {
  int64_t days = micros / kDay, rest = micros % kDay;
  if (rest < 0) rest += kDay, --days;
  bool bc = false;
  std::string text = CivilText(days, &bc);
  text += " " + TimeToText(rest);
  if (zone) text += "+00";
  return bc ? text + " BC" : text;
}

std::optional<int64_t> TimestampFromText(std::string_view text, bool zone) {
  Reader reader(text);
  const auto date = ReadDate(&reader);
  if (!date || !(reader.Take(" ") || reader.Take("T"))) return std::nullopt;
  const auto time = ReadTime(&reader);
  if (!time) return std::nullopt;
  int64_t offset = 0;
  if (zone) {
    const auto read = ReadOffset(&reader);
    if (!read) return std::nullopt;
    offset = *read;
  }
  const bool bc = reader.Take(" BC");
  const auto days = reader.done() ? DaysOf(*date, bc) : std::nullopt;
  int64_t micros = 0;
  if (!days || __builtin_mul_overflow(*days, kDay, &micros) ||
      __builtin_add_overflow(micros, *time - offset, &micros))
    return std::nullopt;
  return micros;
}

std::string BytesToText(std::string_view bytes) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string UuidToText(const char (&bytes)[16]) {
  std::string text = BytesToText({bytes, 16}).substr(2);
  for (const size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

bool UuidFromText(std::string_view text, char (*out)[16]) {
  if (text.size() != 36) return false;
  size_t byte = 0;
  for (size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return false;
      continue;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc() || end != text.data() + i + 2) return false;
    (*out)[byte++] = static_cast<char>(value);
    i += 2;
  }
  return true;
}

}  // namespace cdc::rows
