/// \file lib/expression/arithmetic.cc
/// + - * / % and signs, in the type that PostgreSQL computes them in.

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/time_text_internal.h"

namespace cdc::expression {
namespace {

enum Arithmetic { kPlus, kMinus, kTimes, kOver, kModulo };

Arithmetic ArithmeticOf(std::string_view word) {
  if (word == "+") return kPlus;
  if (word == "-") return kMinus;
  if (word == "*") return kTimes;
  return word == "/" ? kOver : kModulo;
}

template <Arithmetic kWhat, bool kLong>
Reason Whole(Call& call, int64_t a, int64_t b, int64_t* out) {
  bool overflow = false;
  if constexpr (kWhat == kPlus) overflow = __builtin_add_overflow(a, b, out);
  if constexpr (kWhat == kMinus) overflow = __builtin_sub_overflow(a, b, out);
  if constexpr (kWhat == kTimes) overflow = __builtin_mul_overflow(a, b, out);
  if constexpr (kWhat == kOver || kWhat == kModulo) {
    if (b == 0) return call.Fail(Reason::kDivisionByZero);
    if (b == -1) {
      // The only quotient that overflows, and a remainder that the processor refuses.
      if constexpr (kWhat == kOver) overflow = __builtin_sub_overflow(int64_t{0}, a, out);
      if constexpr (kWhat == kModulo) *out = 0;
    } else {
      *out = kWhat == kOver ? a / b : a % b;
    }
  }
  if constexpr (!kLong) overflow = overflow || *out != static_cast<int32_t>(*out);
  return overflow ? call.Fail(kLong ? Reason::kBigintRange : Reason::kIntegerRange) : Reason::kNone;
}

/// In T's precision; PostgreSQL refuses infinity and zero that come of finite numbers.
template <Arithmetic kWhat, typename T>
Reason Floating(Call& call, double left, double right, double* out) {
  const T a = static_cast<T>(left), b = static_cast<T>(right);
  T result = 0;
  bool underflow = false;
  if constexpr (kWhat == kPlus) result = a + b;
  if constexpr (kWhat == kMinus) result = a - b;
  if constexpr (kWhat == kTimes) {
    result = a * b;
    underflow = result == 0 && a != 0 && b != 0;
  }
  if constexpr (kWhat == kOver) {
    if (b == 0 && !std::isnan(a)) return call.Fail(Reason::kDivisionByZero);
    result = a / b;
    underflow = result == 0 && a != 0 && !std::isinf(b);
  }
  if (std::isinf(result) && !std::isinf(a) && (kWhat == kOver || !std::isinf(b)))
    return call.Fail(Reason::kOverflow);
  if (underflow) return call.Fail(Reason::kUnderflow);
  *out = static_cast<double>(result);
  return Reason::kNone;
}

template <Arithmetic kWhat>
Reason Exact(Call& call, const Numeric& a, const Numeric& b, Numeric* out) {
  NumericError error = NumericError::kNone;
  if constexpr (kWhat == kPlus) error = Add(a, b, out);
  if constexpr (kWhat == kMinus) error = Subtract(a, b, out);
  if constexpr (kWhat == kTimes) error = Multiply(a, b, out);
  if constexpr (kWhat == kOver) error = Divide(a, b, out);
  if constexpr (kWhat == kModulo) error = Remainder(a, b, out);
  return error == NumericError::kNone ? Reason::kNone : call.Fail(ReasonOf(error), TypeWord::kNumeric);
}

template <Arithmetic kWhat>
Kernel KernelOf(Base base) {
  switch (base) {
    case Base::kInteger: return StrictKernel<Whole<kWhat, false>, int64_t, int64_t, int64_t>;
    case Base::kBigint: return StrictKernel<Whole<kWhat, true>, int64_t, int64_t, int64_t>;
    case Base::kReal: return StrictKernel<Floating<kWhat, float>, double, double, double>;
    case Base::kDouble: return StrictKernel<Floating<kWhat, double>, double, double, double>;
    default: return StrictKernel<Exact<kWhat>, Numeric, Numeric, Numeric>;
  }
}

Kernel KernelOf(Arithmetic what, Base base) {
  switch (what) {
    case kPlus: return KernelOf<kPlus>(base);
    case kMinus: return KernelOf<kMinus>(base);
    case kTimes: return KernelOf<kTimes>(base);
    case kOver: return KernelOf<kOver>(base);
    case kModulo: break;
  }
  return KernelOf<kModulo>(base);
}

ValueType TypeOfNumeric(Arithmetic what, const ValueType& a, const ValueType& b) {
  ValueType type = Wider(a, b);
  switch (what) {
    case kPlus:
    case kMinus: ++type.whole; break;
    case kTimes:
      type.whole = a.whole + b.whole;
      type.scale = a.scale + b.scale;
      break;
    case kOver: type.fixed = false; break;
    case kModulo: break;
  }
  return type;
}

Error NoSuchOperator(const Node& node, const Values& operands) {
  std::string text = std::string(NameOf(operands[0].base())) + " " + node.text;
  if (operands.size() > 1) text += " " + std::string(NameOf(operands[1].base()));
  return ErrorAt(node.at, "operator does not exist: " + text, "cast the operands");
}

template <int kSign>
Reason AddDays(Call& call, int64_t date, int64_t days, int64_t* out) {
  *out = date + kSign * days;
  return *out < kFirstDay || *out > kLastDay ? call.Fail(Reason::kDateRange) : Reason::kNone;
}
Reason DaysBetween(Call&, int64_t a, int64_t b, int64_t* out) {
  *out = a - b;
  return Reason::kNone;
}

/// date ± days and date − date; nothing: no such operator.
std::optional<Result<Value>> CompileDates(Compiler& compiler, const Node& node, Values& operands) {
  const Base a = operands[0].base(), b = operands[1].base();
  using Days = Reason (*)(Call&, int64_t, int64_t, int64_t*);
  static_assert(std::is_same_v<Days, decltype(&DaysBetween)>);
  if (node.text == "-" && a == Base::kDate && (b == Base::kDate || b == Base::kUnknown)) {
    auto other = compiler.Coerce(operands[1], Base::kDate);
    if (!other) return other;
    return compiler.Emit(StrictKernel<DaysBetween, int64_t, int64_t, int64_t>, {Base::kInteger},
                         {operands[0], *other}, node.at);
  }
  if (node.text == "+" && a == Base::kInteger && b == Base::kDate) std::swap(operands[0], operands[1]);
  if (operands[0].base() != Base::kDate || operands[1].base() != Base::kInteger) return std::nullopt;
  if (node.text != "+" && node.text != "-") return std::nullopt;
  return compiler.Emit(node.text == "+" ? StrictKernel<AddDays<1>, int64_t, int64_t, int64_t>
                                        : StrictKernel<AddDays<-1>, int64_t, int64_t, int64_t>,
                       {Base::kDate}, operands, node.at);
}

template <bool kLong>
Reason NegateWhole(Call& call, int64_t v, int64_t* out) {
  return Whole<kMinus, kLong>(call, 0, v, out);
}
Reason NegateFloating(Call&, double v, double* out) {
  *out = -v;
  return Reason::kNone;
}
Reason NegateNumeric(Call&, const Numeric& v, Numeric* out) {
  *out = {-v.unscaled, v.scale};
  return Reason::kNone;
}

}  // namespace

Result<Value> CompileArithmetic(Compiler& compiler, const Node& node, Values operands) {
  if (auto dates = CompileDates(compiler, node, operands)) return *dates;
  Value &a = operands[0], &b = operands[1];
  auto base = OperatorBase(a.base(), b.base());
  const Arithmetic what = ArithmeticOf(node.text);
  if (!base || !IsNumber(*base)) return NoSuchOperator(node, operands);
  if (what == kModulo && (*base == Base::kReal || *base == Base::kDouble))
    return NoSuchOperator(node, operands);
  CDC_ASSIGN(a, compiler.Coerce(a, *base));
  CDC_ASSIGN(b, compiler.Coerce(b, *base));
  const ValueType type = *base == Base::kNumeric ? TypeOfNumeric(what, a.type, b.type) : ValueType{*base};
  return compiler.Emit(KernelOf(what, *base), type, {a, b}, node.at);
}

Result<Value> CompileSign(Compiler& compiler, const Node& node, Value operand) {
  if (!IsNumber(operand.base())) {
    return ErrorAt(node.at,
                   std::string("operator does not exist: ") + (node.text == "plus" ? "+ " : "- ") +
                       std::string(NameOf(operand.base())),
                   "cast the operand");
  }
  if (node.text == "plus") return operand;
  Kernel kernel = nullptr;
  switch (operand.base()) {
    case Base::kInteger: kernel = StrictKernel<NegateWhole<false>, int64_t, int64_t>; break;
    case Base::kBigint: kernel = StrictKernel<NegateWhole<true>, int64_t, int64_t>; break;
    case Base::kNumeric: kernel = StrictKernel<NegateNumeric, Numeric, Numeric>; break;
    default: kernel = StrictKernel<NegateFloating, double, double>; break;
  }
  return compiler.Emit(kernel, operand.type, {operand}, node.at);
}

}  // namespace cdc::expression
