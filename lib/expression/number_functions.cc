/// \file lib/expression/number_functions.cc
/// abs, round, floor, ceil.

#include <array>
#include <cmath>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"

namespace cdc::expression {
namespace {

template <bool kLong>
Reason AbsWhole(Call& call, int64_t v, int64_t* out) {
  if (kLong ? v == INT64_MIN : v == INT32_MIN)
    return call.Fail(kLong ? Reason::kBigintRange : Reason::kIntegerRange);
  *out = v < 0 ? -v : v;
  return Reason::kNone;
}
Reason AbsFloating(Call&, double v, double* out) {
  *out = std::fabs(v);
  return Reason::kNone;
}
Reason AbsNumeric(Call&, const Numeric& v, Numeric* out) {
  *out = {v.unscaled < 0 ? -v.unscaled : v.unscaled, v.scale};
  return Reason::kNone;
}

enum Rounding { kNearest, kDown, kUp };

template <Rounding kHow>
Reason RoundFloating(Call&, double v, double* out) {
  // A half goes to the even neighbour, as rint() does it.
  *out = kHow == kNearest ? std::nearbyint(v) : kHow == kDown ? std::floor(v) : std::ceil(v);
  return Reason::kNone;
}
template <Rounding kHow>
Reason RoundNumeric(Call& call, const Numeric& v, Numeric* out) {
  const NumericError error = kHow == kNearest ? Round(v, 0, out)
                             : kHow == kDown  ? Floor(v, out)
                                              : Ceil(v, out);
  return error == NumericError::kNone ? Reason::kNone : call.Fail(ReasonOf(error));
}
Reason RoundTo(Call& call, const Numeric& v, int64_t digits, Numeric* out) {
  const NumericError error = Round(v, static_cast<int32_t>(digits), out);
  return error == NumericError::kNone ? Reason::kNone : call.Fail(ReasonOf(error));
}

Result<Value> CompileAbs(Compiler& compiler, const Node& node, Values arguments) {
  Value& v = arguments[0];
  if (v.base() == Base::kUnknown) {
    CDC_ASSIGN(v, compiler.Coerce(v, Base::kDouble));
  }
  switch (v.base()) {
    case Base::kInteger:
      return compiler.Emit(StrictKernel<AbsWhole<false>, int64_t, int64_t>, v.type, {v}, node.at);
    case Base::kBigint:
      return compiler.Emit(StrictKernel<AbsWhole<true>, int64_t, int64_t>, v.type, {v}, node.at);
    case Base::kNumeric:
      return compiler.Emit(StrictKernel<AbsNumeric, Numeric, Numeric>, v.type, {v}, node.at);
    case Base::kReal:
    case Base::kDouble: return compiler.Emit(StrictKernel<AbsFloating, double, double>, v.type, {v}, node.at);
    default: return NoSuchFunction(node, arguments);
  }
}

/// numeric stays numeric, every other number becomes double precision.
template <Rounding kHow>
Result<Value> CompileRounding(Compiler& compiler, const Node& node, const Values& arguments) {
  if (arguments[0].base() == Base::kNumeric) {
    ValueType type = arguments[0].type;
    // A half rounds up into one more digit; the scale is 0 for every row.
    type = {Base::kNumeric, type.fixed, type.whole + 1, 0};
    return compiler.Emit(StrictKernel<RoundNumeric<kHow>, Numeric, Numeric>, type, {arguments[0]}, node.at);
  }
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, Base::kDouble));
  return compiler.Emit(StrictKernel<RoundFloating<kHow>, double, double>, {Base::kDouble}, {v}, node.at);
}

Result<Value> CompileRound(Compiler& compiler, const Node& node, Values arguments) {
  if (arguments.size() == 1) return CompileRounding<kNearest>(compiler, node, arguments);
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, Base::kNumeric));
  CDC_ASSIGN(const Value digits, Argument(compiler, node, arguments, 1, Base::kInteger));
  ValueType type = v.type;
  const auto constant = compiler.ConstantInteger(digits);
  if (constant && *constant <= kMaxDecimalPrecision) {
    // Also of values whose own scales differ: they all get this one.
    const int scale = *constant < 0 ? 0 : static_cast<int>(*constant);
    type = {Base::kNumeric, true, type.fixed ? type.whole + 1 : kMaxDecimalPrecision - scale, scale};
  } else {
    type.fixed = false;
  }
  return compiler.Emit(StrictKernel<RoundTo, Numeric, Numeric, int64_t>, type, {v, digits}, node.at);
}

template <Rounding kHow>
Result<Value> CompileWhole(Compiler& compiler, const Node& node, Values arguments) {
  return CompileRounding<kHow>(compiler, node, arguments);
}

constexpr std::array<Function, 5> kFunctions = {{{"abs", 1, 1, CompileAbs},
                                                 {"round", 1, 2, CompileRound},
                                                 {"floor", 1, 1, CompileWhole<kDown>},
                                                 {"ceil", 1, 1, CompileWhole<kUp>},
                                                 {"ceiling", 1, 1, CompileWhole<kUp>}}};

}  // namespace

std::span<const Function> NumberFunctions() { return kFunctions; }

}  // namespace cdc::expression
