/// \file lib/expression/cast_text.cc
/// Values as text and back, by PostgreSQL's output and input functions.

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/letter_case_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/time_text_internal.h"
#include "lib/expression/utf8_internal.h"
#include "lib/rows/cast.h"

namespace cdc::expression {
namespace {

using Text = std::string_view;
constexpr const char* kHex = "0123456789abcdef";

Text Trimmed(Text text) {
  constexpr Text kSpaces = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

/// Lets `write` write at most `room` bytes, from the pointer that it is given to the one that it returns.
template <typename F>
Reason Written(Call& call, size_t room, Text* out, F write) {
  char* const start = call.arena->Take(room);
  const auto size = static_cast<size_t>(write(start) - start);
  call.arena->GiveBack(room - size);
  *out = {start, size};
  return Reason::kNone;
}

/// a = 1: "t" and "f".
Reason BooleanToText(Call& call, int64_t v, Text* out) {
  *out = v != 0 ? (call.a != 0 ? "t" : "true") : (call.a != 0 ? "f" : "false");
  return Reason::kNone;
}
Reason WholeToText(Call& call, int64_t v, Text* out) {
  return Written(call, 20, out, [&](char* at) { return std::to_chars(at, at + 20, v).ptr; });
}
Reason NumericToText(Call& call, const Numeric& v, Text* out) {
  return Written(call, TextSize(v), out, [&](char* at) { return ToText(v, at); });
}
/// The fewest digits that read back as the same number, which lib/rows knows how PostgreSQL writes.
/// Unlike the others it allocates.
template <bool kReal>
Reason FloatingToText(Call& call, double v, Text* out) {
  rows::Column one(rows::Type::Of(kReal ? rows::TypeKind::kFloat : rows::TypeKind::kDouble));
  if constexpr (kReal)
    one.AppendFloat(static_cast<float>(v));
  else
    one.AppendDouble(v);
  *out = call.arena->Copy(rows::CellText(one, 0));
  return Reason::kNone;
}
Reason DateText(Call& call, int64_t v, Text* out) {
  return Written(call, kTimeTextSize, out, [&](char* at) { return DateToText(v, at); });
}
Reason TimeText(Call& call, int64_t v, Text* out) {
  return Written(call, kTimeTextSize, out, [&](char* at) { return TimeToText(v, at); });
}
template <bool kZone>
Reason TimestampText(Call& call, int64_t v, Text* out) {
  return Written(call, kTimeTextSize, out, [&](char* at) { return TimestampToText(v, kZone, at); });
}
Reason BytesToText(Call& call, Text v, Text* out) {
  return Written(call, 2 + 2 * v.size(), out, [&](char* at) {
    *at++ = '\\';
    *at++ = 'x';
    for (const char c : v) {
      *at++ = kHex[static_cast<uint8_t>(c) >> 4];
      *at++ = kHex[static_cast<uint8_t>(c) & 15];
    }
    return at;
  });
}
Reason UuidToText(Call& call, Text v, Text* out) {
  return Written(call, 36, out, [&](char* at) {
    for (size_t i = 0; i < 16; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
      *at++ = kHex[static_cast<uint8_t>(v[i]) >> 4];
      *at++ = kHex[static_cast<uint8_t>(v[i]) & 15];
    }
    return at;
  });
}

Kernel ToTextKernel(Base from) {
  switch (from) {
    case Base::kBoolean: return StrictKernel<BooleanToText, Text, int64_t>;
    case Base::kInteger:
    case Base::kBigint: return StrictKernel<WholeToText, Text, int64_t>;
    case Base::kNumeric: return StrictKernel<NumericToText, Text, Numeric>;
    case Base::kReal: return StrictKernel<FloatingToText<true>, Text, double>;
    case Base::kDouble: return StrictKernel<FloatingToText<false>, Text, double>;
    case Base::kDate: return StrictKernel<DateText, Text, int64_t>;
    case Base::kTime: return StrictKernel<TimeText, Text, int64_t>;
    case Base::kTimestamp: return StrictKernel<TimestampText<false>, Text, int64_t>;
    case Base::kTimestamptz: return StrictKernel<TimestampText<true>, Text, int64_t>;
    case Base::kBytea: return StrictKernel<BytesToText, Text, Text>;
    case Base::kUuid: return StrictKernel<UuidToText, Text, Text>;
    default: return nullptr;
  }
}

/// PostgreSQL takes every beginning of a word that is not the other's too.
Reason BooleanFromText(Call& call, Text text, int64_t* out) {
  const Text trimmed = Trimmed(text);
  char lower[5] = {};
  if (!trimmed.empty() && trimmed.size() <= sizeof(lower)) {
    for (size_t i = 0; i < trimmed.size(); ++i) lower[i] = static_cast<char>(trimmed[i] | 0x20);
    const Text word(lower, trimmed.size());
    const auto begins = [&](Text whole, size_t least) {
      return word.size() >= least && whole.starts_with(word);
    };
    if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || trimmed == "1")
      return *out = 1, Reason::kNone;
    if (begins("false", 1) || begins("no", 1) || begins("off", 2) || trimmed == "0")
      return *out = 0, Reason::kNone;
  }
  return call.Fail(Reason::kSyntax, TypeWord::kBoolean, text);
}

template <TypeWord kType>
Reason WholeFromText(Call& call, Text text, int64_t* out) {
  Text trimmed = Trimmed(text);
  if (trimmed.size() > 1 && trimmed[0] == '+' && trimmed[1] != '-') trimmed.remove_prefix(1);
  const char* const end = trimmed.data() + trimmed.size();
  const auto read = std::from_chars(trimmed.data(), end, *out);
  if (read.ptr != end || read.ec == std::errc::invalid_argument)
    return call.Fail(Reason::kSyntax, kType, text);
  const bool fits =
      read.ec == std::errc() &&
      (kType == TypeWord::kBigint || (kType == TypeWord::kInteger && *out == static_cast<int32_t>(*out)) ||
       *out == static_cast<int16_t>(*out));
  return fits ? Reason::kNone : call.Fail(Reason::kTextRange, kType, text);
}

template <bool kReal>
Reason FloatingFromText(Call& call, Text text, double* out) {
  constexpr TypeWord kType = kReal ? TypeWord::kReal : TypeWord::kDouble;
  using T = std::conditional_t<kReal, float, double>;
  Text number = Trimmed(text);
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  T value = 0;
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, value);
  // A second sign, "nan(…)" and the like are from_chars' own.
  const bool wrong = number.empty() || number.front() == '-' || number.back() == ')' || read.ptr != end ||
                     read.ec == std::errc::invalid_argument;
  if (wrong) return call.Fail(Reason::kSyntax, kType, text);
  if (read.ec != std::errc()) return call.Fail(Reason::kTextRange, kType, text);
  *out = static_cast<double>(negative ? -value : value);
  return Reason::kNone;
}

/// a, b: precision and scale; a = 0: as it is written.
Reason NumericFromText(Call& call, Text text, Numeric* out) {
  Numeric read;
  const NumericError error = FromText(text, &read);
  if (error != NumericError::kNone) return call.Fail(ReasonOf(error), TypeWord::kNumeric, text);
  *out = read;
  if (call.a == 0) return Reason::kNone;
  return Fit(read, static_cast<int>(call.a), static_cast<int32_t>(call.b), out) == NumericError::kNone
             ? Reason::kNone
             : call.Fail(Reason::kPrecision);
}

Reason DateOfText(Call& call, Text text, int64_t* out) {
  const Reason reason = DateFromText(text, out);
  return reason == Reason::kNone ? reason : call.Fail(reason, TypeWord::kDate, text);
}
Reason TimeOfText(Call& call, Text text, int64_t* out) {
  const Reason reason = TimeFromText(text, out);
  return reason == Reason::kNone ? reason : call.Fail(reason, TypeWord::kTime, text);
}
template <bool kZone>
Reason TimestampOfText(Call& call, Text text, int64_t* out) {
  const Reason reason = TimestampFromText(text, kZone, out);
  return reason == Reason::kNone
             ? reason
             : call.Fail(reason, kZone ? TypeWord::kTimestamptz : TypeWord::kTimestamp, text);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Hyphens may stand behind every four digits; braces around the whole.
Reason UuidOfText(Call& call, Text text, Text* out) {
  Text rest = text;
  const bool braces = rest.starts_with('{') && rest.ends_with('}');
  if (braces) rest = rest.substr(1, rest.size() - 2);
  char* const bytes = call.arena->Take(16);
  size_t digits = 0;
  bool hyphen = false;
  for (const char c : rest) {
    const int digit = HexDigit(c);
    if (digit < 0) {
      if (c != '-' || hyphen || digits == 0 || digits % 4 != 0 || digits == 32)
        return call.Fail(Reason::kSyntax, TypeWord::kUuid, text);
      hyphen = true;
      continue;
    }
    hyphen = false;
    if (digits == 32) return call.Fail(Reason::kSyntax, TypeWord::kUuid, text);
    char& byte = bytes[digits / 2];
    byte = static_cast<char>(digits % 2 == 0 ? digit << 4 : byte | digit);
    ++digits;
  }
  if (digits != 32) return call.Fail(Reason::kSyntax, TypeWord::kUuid, text);
  *out = {bytes, 16};
  return Reason::kNone;
}

/// "\x0aff", or the old form with "\\" and "\012".
Reason BytesOfText(Call& call, Text text, Text* out) {
  const bool hex = text.starts_with("\\x");
  char* const start = call.arena->Take(text.size());
  char* end = start;
  for (size_t i = hex ? 2 : 0; i < text.size(); ++i) {
    if (hex) {
      if (std::isspace(static_cast<unsigned char>(text[i])) != 0) continue;
      const int high = HexDigit(text[i]), low = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      if (high < 0 || low < 0) return call.Fail(Reason::kSyntax, TypeWord::kBytea, text);
      *end++ = static_cast<char>(high << 4 | low);
      ++i;
    } else if (text[i] != '\\') {
      *end++ = text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      *end++ = text[++i];
    } else {
      const auto octal = [&](size_t at, char most) {
        return at < text.size() && text[at] >= '0' && text[at] <= most;
      };
      if (!octal(i + 1, '3') || !octal(i + 2, '7') || !octal(i + 3, '7'))
        return call.Fail(Reason::kSyntax, TypeWord::kBytea, text);
      *end++ = static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 3;
    }
  }
  *out = {start, static_cast<size_t>(end - start)};
  return Reason::kNone;
}

/// a: characters that are kept; 0: all.
Reason Shorten(Call& call, Text text, Text* out) {
  *out = call.a == 0 ? text : text.substr(0, OffsetOf(text, call.a));
  return Reason::kNone;
}

Kernel FromTextKernel(TypeWord type) {
  switch (type) {
    case TypeWord::kBoolean: return StrictKernel<BooleanFromText, int64_t, Text>;
    case TypeWord::kSmallint: return StrictKernel<WholeFromText<TypeWord::kSmallint>, int64_t, Text>;
    case TypeWord::kInteger: return StrictKernel<WholeFromText<TypeWord::kInteger>, int64_t, Text>;
    case TypeWord::kBigint: return StrictKernel<WholeFromText<TypeWord::kBigint>, int64_t, Text>;
    case TypeWord::kReal: return StrictKernel<FloatingFromText<true>, double, Text>;
    case TypeWord::kDouble: return StrictKernel<FloatingFromText<false>, double, Text>;
    case TypeWord::kNumeric: return StrictKernel<NumericFromText, Numeric, Text>;
    case TypeWord::kText:
    case TypeWord::kVarchar: return StrictKernel<Shorten, Text, Text>;
    case TypeWord::kDate: return StrictKernel<DateOfText, int64_t, Text>;
    case TypeWord::kTime: return StrictKernel<TimeOfText, int64_t, Text>;
    case TypeWord::kTimestamp: return StrictKernel<TimestampOfText<false>, int64_t, Text>;
    case TypeWord::kTimestamptz: return StrictKernel<TimestampOfText<true>, int64_t, Text>;
    case TypeWord::kUuid: return StrictKernel<UuidOfText, Text, Text>;
    case TypeWord::kBytea: return StrictKernel<BytesOfText, Text, Text>;
  }
  return nullptr;
}

}  // namespace

Result<Value> CompileToText(Compiler& compiler, const Value& value, bool output) {
  if (value.base() == Base::kText) return value;
  if (value.base() == Base::kUnknown) return compiler.Coerce(value, Base::kText);
  const Kernel kernel = ToTextKernel(value.base());
  if (kernel == nullptr) return ErrorAt(value.at, "an array cannot be used here", "select it by its name");
  return compiler.Emit(kernel, {Base::kText}, {value}, value.at, output ? 1 : 0);
}

Result<Value> CompileFromText(Compiler& compiler, const Value& value, const TypeName& type, Position at) {
  ValueType to{BaseOf(type.word)};
  if (type.precision > 0) to = {Base::kNumeric, true, type.precision - type.scale, type.scale};
  const int64_t limit = to.base == Base::kText ? type.length : type.precision;
  CDC_ASSIGN(Value read, compiler.Emit(FromTextKernel(type.word), to, {value}, at, limit, type.scale));
  if (to.base == Base::kNumeric && !to.fixed) compiler.FixConstant(&read);
  return read;
}

}  // namespace cdc::expression
