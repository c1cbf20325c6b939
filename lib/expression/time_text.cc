#include "lib/expression/time_text_internal.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace cdc::expression {
namespace {

constexpr int64_t kMinute = 60 * kMicrosOfSecond, kHour = 60 * kMinute;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Reads a text from the left.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) { SkipSpaces(); }

  void SkipSpaces() {
    while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
  }
  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Without regard to case.
  bool TakeWord(std::string_view word) {
    if (rest_.size() < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if ((rest_[i] | 0x20) != word[i]) return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }
  /// Digits in front; `digits` tells how many.
  std::optional<int64_t> Number(size_t least, size_t most) {
    digits = 0;
    while (digits < rest_.size() && IsDigit(rest_[digits])) ++digits;
    if (digits < least || digits > most) return std::nullopt;
    int64_t value = 0;
    std::from_chars(rest_.data(), rest_.data() + digits, value);
    rest_.remove_prefix(digits);
    return value;
  }
  /// "." and digits, as microseconds; more than six digits are rounded.
  int64_t Fraction() {
    size_t n = 1;
    while (n < rest_.size() && IsDigit(rest_[n])) ++n;
    double part = 0;
    if (n > 1) std::from_chars(rest_.data(), rest_.data() + n, part);
    rest_.remove_prefix(n);
    return static_cast<int64_t>(std::rint(part * 1e6));
  }
  /// Whether a date stands in front: digits and a hyphen.
  bool AtDate() const {
    size_t n = 0;
    while (n < rest_.size() && IsDigit(rest_[n])) ++n;
    return n >= 3 && n < rest_.size() && rest_[n] == '-';
  }

  size_t digits = 0;

 private:
  std::string_view rest_;
};

struct Parts {
  CivilDate date;
  bool has_date = false, has_time = false, has_zone = false;
  int64_t micros = 0;  ///< of the day; a whole day is allowed
  int64_t offset = 0;  ///< microseconds east of Greenwich
};

Reason ReadDate(Reader* reader, Parts* parts) {
  const auto year = reader->Number(3, 7);
  if (!year || !reader->Take('-')) return Reason::kSyntax;
  const auto month = reader->Number(1, 2);
  if (!month || !reader->Take('-')) return Reason::kSyntax;
  const auto day = reader->Number(1, 2);
  if (!day) return Reason::kSyntax;
  parts->date = {*year, *month, *day};
  parts->has_date = true;
  return Reason::kNone;
}

Reason ReadTime(Reader* reader, Parts* parts) {
  const auto hour = reader->Number(1, 2);
  if (!hour || !reader->Take(':')) return Reason::kSyntax;
  const auto minute = reader->Number(1, 2);
  if (!minute) return Reason::kSyntax;
  std::optional<int64_t> second = 0;
  int64_t fraction = 0;
  if (reader->Take(':')) {
    second = reader->Number(1, 2);
    if (!second) return Reason::kSyntax;
    if (reader->peek() == '.') fraction = reader->Fraction();
  }
  parts->micros = *hour * kHour + *minute * kMinute + *second * kMicrosOfSecond + fraction;
  parts->has_time = true;
  const bool in_range = *hour <= 24 && *minute <= 59 && *second <= 60 && parts->micros <= kMicrosOfDay;
  return in_range ? Reason::kNone : Reason::kFieldRange;
}

Reason ReadZone(Reader* reader, Parts* parts) {
  if (reader->TakeWord("z") || reader->TakeWord("utc") || reader->TakeWord("gmt")) {
    parts->has_zone = true;
    return Reason::kNone;
  }
  const bool west = reader->Take('-');
  if (!west && !reader->Take('+')) return Reason::kNone;
  const auto first = reader->Number(1, 4);
  if (!first) return Reason::kSyntax;
  int64_t hours = *first, minutes = 0, seconds = 0;
  if (reader->digits > 2) {
    hours = *first / 100;
    minutes = *first % 100;
  } else if (reader->Take(':')) {
    const auto second = reader->Number(1, 2);
    if (!second) return Reason::kSyntax;
    minutes = *second;
    if (reader->Take(':')) {
      const auto third = reader->Number(1, 2);
      if (!third) return Reason::kSyntax;
      seconds = *third;
    }
  }
  if (hours > 15 || minutes > 59 || seconds > 59) return Reason::kFieldRange;
  parts->offset = hours * kHour + minutes * kMinute + seconds * kMicrosOfSecond;
  if (west) parts->offset = -parts->offset;
  parts->has_zone = true;
  return Reason::kNone;
}

Reason CheckDate(bool bc, CivilDate* date) {
  if (date->year == 0) return Reason::kFieldRange;
  if (bc) date->year = 1 - date->year;
  if (date->month < 1 || date->month > 12 || date->day < 1) return Reason::kFieldRange;
  const CivilDate back = CivilOf(DaysOf(*date));
  return back.month == date->month && back.day == date->day ? Reason::kNone : Reason::kFieldRange;
}

Reason Read(std::string_view text, Parts* parts) {
  Reader reader(text);
  if (reader.AtDate()) {
    if (const Reason reason = ReadDate(&reader, parts); reason != Reason::kNone) return reason;
    if (reader.peek() == 'T' || reader.peek() == 't') reader.Take(reader.peek());
  }
  Reason later = Reason::kNone;  // a syntax error behind it comes first
  reader.SkipSpaces();
  if (IsDigit(reader.peek())) {
    later = ReadTime(&reader, parts);
    if (later == Reason::kSyntax) return later;
    reader.SkipSpaces();
    const Reason reason = ReadZone(&reader, parts);
    if (reason == Reason::kSyntax) return reason;
    if (later == Reason::kNone) later = reason;
    reader.SkipSpaces();
  }
  const bool bc = parts->has_date && reader.TakeWord("bc");
  if (!bc && parts->has_date) reader.TakeWord("ad");
  reader.SkipSpaces();
  if (!reader.done()) return Reason::kSyntax;
  if (parts->has_date && later == Reason::kNone) later = CheckDate(bc, &parts->date);
  return later;
}

/// At least `width` digits.
char* Padded(int64_t number, int width, char* out) {
  for (int64_t limit = 10; width > 1; --width, limit *= 10) {
    if (number < limit) *out++ = '0';
  }
  return std::to_chars(out, out + 20, number).ptr;
}

char* CivilToText(const CivilDate& date, char* out) {
  out = Padded(date.year <= 0 ? 1 - date.year : date.year, 4, out);
  *out++ = '-';
  out = Padded(date.month, 2, out);
  *out++ = '-';
  return Padded(date.day, 2, out);
}

char* BcToText(const CivilDate& date, char* out) {
  if (date.year > 0) return out;
  for (const char c : {' ', 'B', 'C'}) *out++ = c;
  return out;
}

}  // namespace

// Days and dates of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
int64_t DaysOf(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  const int64_t month = date.month + (date.month > 2 ? -3 : 9);
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + date.day - 1 -
         719'468;
}

CivilDate CivilOf(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097, day = days - era * 146'097;
  const int64_t year = (day - day / 1460 + day / 36'524 - day / 146'096) / 365;
  const int64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
  const int64_t civil_month = month < 10 ? month + 3 : month - 9;
  return {year + era * 400 + (civil_month <= 2 ? 1 : 0), civil_month, of_year - (153 * month + 2) / 5 + 1};
}

Reason DateFromText(std::string_view text, int64_t* days) {
  Parts parts;
  const Reason reason = Read(text, &parts);
  if (reason != Reason::kNone) return reason;
  if (!parts.has_date) return Reason::kSyntax;
  *days = DaysOf(parts.date);
  return *days < kFirstDay || *days > kLastDay ? Reason::kFieldRange : Reason::kNone;
}

Reason TimeFromText(std::string_view text, int64_t* micros) {
  Parts parts;
  const Reason reason = Read(text, &parts);
  if (reason != Reason::kNone) return reason;
  if (!parts.has_time) return Reason::kSyntax;
  *micros = parts.micros;
  return Reason::kNone;
}

Reason TimestampFromText(std::string_view text, bool zone, int64_t* micros) {
  Parts parts;
  const Reason reason = Read(text, &parts);
  if (reason != Reason::kNone) return reason;
  if (!parts.has_date) return Reason::kSyntax;
  const int64_t shift = parts.micros - (zone ? parts.offset : 0);
  if (__builtin_mul_overflow(DaysOf(parts.date), kMicrosOfDay, micros) ||
      __builtin_add_overflow(*micros, shift, micros) || *micros < kFirstMicros)
    return Reason::kTimestampRange;
  return Reason::kNone;
}

char* DateToText(int64_t days, char* out) {
  const CivilDate date = CivilOf(days);
  return BcToText(date, CivilToText(date, out));
}

char* TimeToText(int64_t micros, char* out) {
  out = Padded(micros / kHour, 2, out);
  *out++ = ':';
  out = Padded(micros / kMinute % 60, 2, out);
  *out++ = ':';
  out = Padded(micros / kMicrosOfSecond % 60, 2, out);
  if (micros % kMicrosOfSecond == 0) return out;
  *out++ = '.';
  out = Padded(micros % kMicrosOfSecond, 6, out);
  while (out[-1] == '0') --out;
  return out;
}

char* TimestampToText(int64_t micros, bool zone, char* out) {
  const int64_t day = DayOf(micros);
  const CivilDate date = CivilOf(day);
  out = CivilToText(date, out);
  *out++ = ' ';
  out = TimeToText(micros - day * kMicrosOfDay, out);
  if (zone) {
    for (const char c : {'+', '0', '0'}) *out++ = c;
  }
  return BcToText(date, out);
}

}  // namespace cdc::expression
