/// \file lib/expression/time_functions.cc
/// date_trunc.

#include <array>
#include <string>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/letter_case_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/time_text_internal.h"

namespace cdc::expression {
namespace {

/// a: microseconds of the unit.
Reason TruncateClock(Call& call, int64_t micros, int64_t* out) {
  const int64_t rest = micros % call.a;
  *out = micros - (rest < 0 ? rest + call.a : rest);
  return *out < kFirstMicros ? call.Fail(Reason::kTimestampRange) : Reason::kNone;
}

/// 1970-01-01 was a Thursday; weeks begin on Mondays.
Reason TruncateWeek(Call& call, int64_t micros, int64_t* out) {
  const int64_t shifted = DayOf(micros) + 3, rest = shifted % 7;
  *out = (shifted - (rest < 0 ? rest + 7 : rest) - 3) * kMicrosOfDay;
  return *out < kFirstMicros ? call.Fail(Reason::kTimestampRange) : Reason::kNone;
}

/// a: months of the unit, which divide a year.
Reason TruncateMonth(Call& call, int64_t micros, int64_t* out) {
  CivilDate date = CivilOf(DayOf(micros));
  date.day = 1;
  date.month -= (date.month - 1) % call.a;
  *out = DaysOf(date) * kMicrosOfDay;
  return *out < kFirstMicros ? call.Fail(Reason::kTimestampRange) : Reason::kNone;
}

struct Unit {
  std::string_view name;
  Kernel kernel;
  int64_t size;
};
constexpr Kernel kClock = StrictKernel<TruncateClock, int64_t, int64_t>;
constexpr Kernel kMonths = StrictKernel<TruncateMonth, int64_t, int64_t>;
constexpr std::array<Unit, 10> kUnits = {{{"microseconds", kClock, 1},
                                          {"milliseconds", kClock, 1'000},
                                          {"second", kClock, kMicrosOfSecond},
                                          {"minute", kClock, 60 * kMicrosOfSecond},
                                          {"hour", kClock, 3600 * kMicrosOfSecond},
                                          {"day", kClock, kMicrosOfDay},
                                          {"week", StrictKernel<TruncateWeek, int64_t, int64_t>, 1},
                                          {"month", kMonths, 1},
                                          {"quarter", kMonths, 3},
                                          {"year", kMonths, 12}}};

Result<Value> CompileDateTrunc(Compiler& compiler, const Node& node, Values arguments) {
  const auto word = compiler.ConstantText(arguments[0]);
  if (!word) return ErrorAt(arguments[0].at, "the unit of date_trunc must be a literal text, such as 'hour'");
  const std::string name = LowerAscii(*word);
  const Base base = arguments[1].base() == Base::kTimestamp ? Base::kTimestamp : Base::kTimestamptz;
  CDC_ASSIGN(const Value time, Argument(compiler, node, arguments, 1, base));
  std::vector<std::string> known;
  for (const Unit& unit : kUnits) {
    known.emplace_back(unit.name);
    if (unit.name == name) return compiler.Emit(unit.kernel, {base}, {time}, node.at, unit.size);
  }
  return ErrorAt(arguments[0].at, "date_trunc has no unit '" + name + "'", DidYouMean(name, known));
}

constexpr std::array<Function, 1> kFunctions = {{{"date_trunc", 2, 2, CompileDateTrunc}}};

}  // namespace

std::span<const Function> TimeFunctions() { return kFunctions; }

}  // namespace cdc::expression
