#pragma once

/// \file lib/event/temporal.h
/// ISO 8601 texts of Debezium to Iceberg's counts. All return false on anything else, including PostgreSQL's
/// infinity.

#include <cstdint>
#include <string_view>

namespace cdc::event {

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
