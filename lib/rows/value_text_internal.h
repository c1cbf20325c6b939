#pragma once

/// \file lib/rows/value_text_internal.h
/// Single values as PostgreSQL's text and back, in ISO style and UTC.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::rows {

/// The fewest digits that read back as the same number, in float8out's notation (float4out's for a float).
std::string DoubleToText(double v);
std::string FloatToText(float v);
/// A whole number, or decimal digits, or NaN and Infinity in PostgreSQL's spellings.
std::optional<double> DoubleFromText(std::string_view text);
std::optional<float> FloatFromText(std::string_view text);
std::optional<int64_t> IntegerFromText(std::string_view text);
std::optional<bool> BooleanFromText(std::string_view text);

std::string DateToText(int32_t days);
std::optional<int32_t> DateFromText(std::string_view text);
std::string TimeToText(int64_t micros_of_day);
std::optional<int64_t> TimeFromText(std::string_view text);
/// \param zone a timestamptz: "+00" behind the time; from text: an offset must be there, otherwise it must
/// not
std::string TimestampToText(int64_t micros, bool zone);
std::optional<int64_t> TimestampFromText(std::string_view text, bool zone);

std::string UuidToText(const char (&bytes)[16]);
/// 8-4-4-4-12 hexadecimal digits of either case.
bool UuidFromText(std::string_view text, char (*out)[16]);
std::string BytesToText(std::string_view bytes);

}  // namespace cdc::rows
