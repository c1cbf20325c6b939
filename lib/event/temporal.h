#pragma once

/// \file lib/event/temporal.h
/// ISO 8601 texts of Debezium to Iceberg's counts. All return false on anything else, including PostgreSQL's
/// infinity.

#include <cstdint>
#include <string_view>

namespace cdc::event {

/// What PostgreSQL itself can hold ("Date/Time Types"). Beyond are its infinities, as connectors count them,
/// and counts that have run over. Timestamps end where 64 bits of microseconds since 1970 end, before
/// PostgreSQL's.
constexpr bool IsPgDate(int64_t days) { return days >= -2'440'588 && days <= 2'145'042'905; }
constexpr bool IsPgTimestamp(int64_t micros) {
  return micros >= -210'866'803'200'000'000 && micros < 9'223'372'036'825'200'000;
}

/// Whether a text is an infinity, or begins with a date that PostgreSQL cannot hold. \param is_date false: it
/// is a timestamp
bool IsBeyondPg(std::string_view text, bool is_date);

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day);

/// "2024-02-29", "-0044-03-15", "+10000-01-01", each with an optional trailing "Z".
bool ParseIsoDate(std::string_view text, int32_t* days);

/// "13:14:15", "13:14:15.123456", optional trailing "Z": microseconds since midnight.
bool ParseIsoTime(std::string_view text, int64_t* micros);

/// "2024-02-29T13:14:15.123456" with "Z", an offset "+03:00", or neither: microseconds since
/// 1970-01-01T00:00:00. \param zone_required true: a text without zone is refused; false: one with an offset
/// other than Z is
bool ParseIsoTimestamp(std::string_view text, bool zone_required, int64_t* micros);

}  // namespace cdc::event
