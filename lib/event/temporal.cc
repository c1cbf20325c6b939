#include "lib/event/temporal.h"

namespace cdc::event {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

bool ReadDigits(std::string_view* text, size_t least, size_t most, int64_t* out) {
  int64_t value = 0;
  size_t n = 0;
  while (n < text->size() && n < most && (*text)[n] >= '0' && (*text)[n] <= '9')
    value = value * 10 + ((*text)[n++] - '0');
  if (n < least) return false;
  text->remove_prefix(n);
  *out = value;
  return true;
}

bool Skip(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

bool IsLeap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool ReadDate(std::string_view* text, int64_t* days) {
  bool negative = false;
  if (!text->empty() && (text->front() == '-' || text->front() == '+')) {
    negative = text->front() == '-';
    text->remove_prefix(1);
  }
  int64_t year, month, day;
  if (!ReadDigits(text, 4, 9, &year) || !Skip(text, '-') || !ReadDigits(text, 2, 2, &month) ||
      !Skip(text, '-') || !ReadDigits(text, 2, 2, &day)) {
    return false;
  }
  if (negative) year = -year;
  constexpr int kDaysIn[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > kDaysIn[month - 1] + (month == 2 && IsLeap(year) ? 1 : 0)) return false;
  *days = DaysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return true;
}

bool ReadTime(std::string_view* text, int64_t* micros) {
  int64_t hour, minute, second = 0;
  if (!ReadDigits(text, 2, 2, &hour) || !Skip(text, ':') || !ReadDigits(text, 2, 2, &minute)) return false;
  if (Skip(text, ':') && !ReadDigits(text, 2, 2, &second)) return false;
  if (hour > 24 || minute > 59 || second > 59) return false;
  int64_t fraction = 0;
  if (Skip(text, '.')) {
    const size_t before = text->size();
    if (!ReadDigits(text, 1, 9, &fraction)) return false;
    size_t digits = before - text->size();
    for (; digits < 6; ++digits) fraction *= 10;
    for (; digits > 6; --digits) {
      if (fraction % 10 != 0) return false;  // finer than a microsecond: not ours to round
      fraction /= 10;
    }
  }
  *micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return *micros <= kSecondsPerDay * kMicrosPerSecond;
}

bool ReadOffset(std::string_view* text, int64_t* seconds) {
  const bool west = text->front() == '-';
  text->remove_prefix(1);
  int64_t hours, minutes = 0, extra = 0;
  if (!ReadDigits(text, 2, 2, &hours)) return false;
  if (Skip(text, ':') && !ReadDigits(text, 2, 2, &minutes)) return false;
  if (Skip(text, ':') && !ReadDigits(text, 2, 2, &extra)) return false;
  *seconds = (hours * 60 + minutes) * 60 + extra;
  if (west) *seconds = -*seconds;
  return true;
}

}  // namespace

/// Counts from March so that the leap day ends a year; 146,097 days make a 400-year era.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day) {
  if (month <= 2) --year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned month_from_march = (month + 9) % 12;
  const unsigned day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

bool ParseIsoDate(std::string_view text, int32_t* days) {
  int64_t wide;
  if (!ReadDate(&text, &wide)) return false;
  Skip(&text, 'Z');
  if (!text.empty() || !IsPgDate(wide)) return false;
  *days = static_cast<int32_t>(wide);
  return true;
}

bool ParseIsoTime(std::string_view text, int64_t* micros) {
  if (!ReadTime(&text, micros)) return false;
  Skip(&text, 'Z');
  // PostgreSQL's 24:00:00 is beyond what a time of day may be in Iceberg and Parquet.
  return text.empty() && *micros < kSecondsPerDay * kMicrosPerSecond;
}

bool ParseIsoTimestamp(std::string_view text, bool zone_required, int64_t* micros) {
  int64_t days, of_day, offset = 0;
  if (!ReadDate(&text, &days) || !(Skip(&text, 'T') || Skip(&text, ' ')) || !ReadTime(&text, &of_day))
    return false;
  bool zoned = Skip(&text, 'Z');
  if (!zoned && zone_required && !text.empty() && (text.front() == '+' || text.front() == '-')) {
    if (!ReadOffset(&text, &offset)) return false;
    zoned = true;
  }
  if (!text.empty() || (zone_required && !zoned)) return false;
  if (!IsPgDate(days)) return false;
  int64_t whole;
  return !__builtin_mul_overflow(days * kSecondsPerDay - offset, kMicrosPerSecond, &whole) &&
         !__builtin_add_overflow(whole, of_day, micros) && IsPgTimestamp(*micros);
}

bool IsBeyondPg(std::string_view text, bool is_date) {
  if (text.size() < 8) return false;
  if (text == "infinity" || text == "-infinity") return true;
  int64_t days, micros;
  std::string_view rest = text;
  if (!ReadDate(&rest, &days)) return false;
  if (is_date || !IsPgDate(days)) return !IsPgDate(days);
  // Only the last days of the range need a closer look.
  constexpr int64_t kLastDays = 106'751'989;
  return days >= kLastDays && !ParseIsoTimestamp(text, true, &micros) &&
         !ParseIsoTimestamp(text, false, &micros);
}

}  // namespace cdc::event
