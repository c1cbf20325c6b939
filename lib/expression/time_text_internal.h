#pragma once

/// \file lib/expression/time_text_internal.h
/// Dates and times as text, in ISO 8601 and UTC, read as generously as PostgreSQL reads that form.

#include <cstdint>
#include <string_view>

#include "lib/expression/failure_internal.h"

namespace cdc::expression {

inline constexpr int64_t kMicrosOfSecond = 1'000'000, kMicrosOfDay = 86'400 * kMicrosOfSecond;

/// PostgreSQL's ranges: dates in days since 1970, [first, last]; timestamps from 4714-11-24 BC, and to the
/// last microsecond that 64 bits since 1970 hold.
inline constexpr int64_t kFirstDay = -2'440'588, kLastDay = 2'145'042'905;
inline constexpr int64_t kFirstMicros = kFirstDay * kMicrosOfDay;

struct CivilDate {
  int64_t year = 0;  ///< 0 is 1 BC
  int64_t month = 1, day = 1;
};
CivilDate CivilOf(int64_t days);
int64_t DaysOf(const CivilDate& date);
/// Whole days, and the microseconds of the day that are left.
inline int64_t DayOf(int64_t micros) { return micros / kMicrosOfDay - (micros % kMicrosOfDay < 0 ? 1 : 0); }

/// A date with or without a time of day, which is passed over.
Reason DateFromText(std::string_view text, int64_t* days);
/// A time of day with or without a date before it.
Reason TimeFromText(std::string_view text, int64_t* micros);
/// \param zone whether an offset from UTC counts: without it, it is read and passed over
Reason TimestampFromText(std::string_view text, bool zone, int64_t* micros);

/// Room that each of these needs at most.
inline constexpr size_t kTimeTextSize = 48;
/// \return the end of what was written
char* DateToText(int64_t days, char* out);
char* TimeToText(int64_t micros, char* out);
char* TimestampToText(int64_t micros, bool zone, char* out);

}  // namespace cdc::expression
