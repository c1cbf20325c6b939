/// \file lib/expression/cast.cc
/// Casts between numbers, booleans, dates and times; those from and to text are in cast_text.cc.

#include <array>
#include <cmath>
#include <limits>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/time_text_internal.h"

namespace cdc::expression {
namespace {

/// The range of a type of whole numbers.
template <TypeWord kType>
Reason InRange(Call& call, int64_t v) {
  if constexpr (kType == TypeWord::kSmallint)
    return v == static_cast<int16_t>(v) ? Reason::kNone : call.Fail(Reason::kSmallintRange);
  if constexpr (kType == TypeWord::kInteger)
    return v == static_cast<int32_t>(v) ? Reason::kNone : call.Fail(Reason::kIntegerRange);
  return Reason::kNone;
}
template <TypeWord kType>
Reason OutOfRange(Call& call) {
  return call.Fail(kType == TypeWord::kSmallint  ? Reason::kSmallintRange
                   : kType == TypeWord::kInteger ? Reason::kIntegerRange
                                                 : Reason::kBigintRange);
}

template <TypeWord kType>
Reason WholeToWhole(Call& call, int64_t v, int64_t* out) {
  *out = v;
  return InRange<kType>(call, v);
}
template <TypeWord kType>
Reason FloatingToWhole(Call& call, double v, int64_t* out) {
  const double rounded = std::nearbyint(v);
  // 2^63 is the first double that is no bigint.
  if (!(rounded >= -0x1p63 && rounded < 0x1p63)) return OutOfRange<kType>(call);
  *out = static_cast<int64_t>(rounded);
  return InRange<kType>(call, *out);
}
template <TypeWord kType>
Reason NumericToWhole(Call& call, const Numeric& v, int64_t* out) {
  return ToInteger(v, out) ? InRange<kType>(call, *out) : OutOfRange<kType>(call);
}

/// a, b: precision and scale; a = 0: as it is.
Reason Limit(Call& call, Numeric v, Numeric* out) {
  *out = v;
  if (call.a == 0) return Reason::kNone;
  return Fit(v, static_cast<int>(call.a), static_cast<int32_t>(call.b), out) == NumericError::kNone
             ? Reason::kNone
             : call.Fail(Reason::kPrecision);
}
Reason WholeToNumeric(Call& call, int64_t v, Numeric* out) { return Limit(call, {v, 0}, out); }
Reason NumericToNumeric(Call& call, const Numeric& v, Numeric* out) { return Limit(call, v, out); }
template <int kDigits>
Reason FloatingToNumeric(Call& call, double v, Numeric* out) {
  Numeric number;
  const NumericError error = FromDouble(v, kDigits, &number);
  if (error != NumericError::kNone) return call.Fail(ReasonOf(error), TypeWord::kNumeric);
  return Limit(call, number, out);
}

Reason WholeToDouble(Call&, int64_t v, double* out) {
  *out = static_cast<double>(v);
  return Reason::kNone;
}
Reason WholeToReal(Call&, int64_t v, double* out) {
  *out = static_cast<double>(static_cast<float>(v));
  return Reason::kNone;
}
Reason DoubleToReal(Call& call, double v, double* out) {
  *out = static_cast<double>(static_cast<float>(v));
  if (std::isinf(*out) && !std::isinf(v)) return call.Fail(Reason::kOverflow);
  if (*out == 0 && v != 0) return call.Fail(Reason::kUnderflow);
  return Reason::kNone;
}
Reason RealToDouble(Call&, double v, double* out) {
  *out = v;
  return Reason::kNone;
}
Reason NumericToDouble(Call&, const Numeric& v, double* out) {
  *out = ToDouble(v);
  return Reason::kNone;
}
Reason NumericToReal(Call& call, const Numeric& v, double* out) {
  const float real = ToFloat(v);
  if (real == 0 && v.unscaled != 0) return call.Fail(Reason::kUnderflow);
  *out = static_cast<double>(real);
  return Reason::kNone;
}

Reason ToBoolean(Call&, int64_t v, int64_t* out) {
  *out = v != 0 ? 1 : 0;
  return Reason::kNone;
}
Reason Same(Call&, int64_t v, int64_t* out) {
  *out = v;
  return Reason::kNone;
}
Reason DateToTimestamp(Call& call, int64_t days, int64_t* out) {
  return __builtin_mul_overflow(days, kMicrosOfDay, out) ? call.Fail(Reason::kTimestampRange) : Reason::kNone;
}
Reason TimestampToDate(Call&, int64_t micros, int64_t* out) {
  *out = DayOf(micros);
  return Reason::kNone;
}
Reason TimestampToTime(Call&, int64_t micros, int64_t* out) {
  *out = micros - DayOf(micros) * kMicrosOfDay;
  return Reason::kNone;
}

template <TypeWord kType>
Kernel ToWhole(Base from) {
  switch (from) {
    case Base::kBoolean:
      return kType == TypeWord::kInteger ? StrictKernel<Same, int64_t, int64_t> : Kernel(nullptr);
    case Base::kInteger:
    case Base::kBigint: return StrictKernel<WholeToWhole<kType>, int64_t, int64_t>;
    case Base::kReal:
    case Base::kDouble: return StrictKernel<FloatingToWhole<kType>, int64_t, double>;
    case Base::kNumeric: return StrictKernel<NumericToWhole<kType>, int64_t, Numeric>;
    default: return nullptr;
  }
}

Kernel ToFloating(Base from, bool real) {
  switch (from) {
    case Base::kInteger:
    case Base::kBigint:
      return real ? StrictKernel<WholeToReal, double, int64_t> : StrictKernel<WholeToDouble, double, int64_t>;
    case Base::kReal:
    case Base::kDouble:
      return real ? StrictKernel<DoubleToReal, double, double> : StrictKernel<RealToDouble, double, double>;
    case Base::kNumeric:
      return real ? StrictKernel<NumericToReal, double, Numeric>
                  : StrictKernel<NumericToDouble, double, Numeric>;
    default: return nullptr;
  }
}

Kernel ToNumeric(Base from) {
  switch (from) {
    case Base::kInteger:
    case Base::kBigint: return StrictKernel<WholeToNumeric, Numeric, int64_t>;
    case Base::kReal: return StrictKernel<FloatingToNumeric<6>, Numeric, double>;
    case Base::kDouble: return StrictKernel<FloatingToNumeric<15>, Numeric, double>;
    case Base::kNumeric: return StrictKernel<NumericToNumeric, Numeric, Numeric>;
    default: return nullptr;
  }
}

Kernel ToTime(Base from, Base to) {
  const bool moment = from == Base::kTimestamp || from == Base::kTimestamptz;
  switch (to) {
    case Base::kDate: return moment ? StrictKernel<TimestampToDate, int64_t, int64_t> : Kernel(nullptr);
    case Base::kTime: return moment ? StrictKernel<TimestampToTime, int64_t, int64_t> : Kernel(nullptr);
    default: break;
  }
  if (from == Base::kDate) return StrictKernel<DateToTimestamp, int64_t, int64_t>;
  return moment ? StrictKernel<Same, int64_t, int64_t> : Kernel(nullptr);
}

Kernel KernelOf(Base from, TypeWord to) {
  switch (to) {
    case TypeWord::kBoolean:
      return from == Base::kInteger ? StrictKernel<ToBoolean, int64_t, int64_t> : Kernel(nullptr);
    case TypeWord::kSmallint: return ToWhole<TypeWord::kSmallint>(from);
    case TypeWord::kInteger: return ToWhole<TypeWord::kInteger>(from);
    case TypeWord::kBigint: return ToWhole<TypeWord::kBigint>(from);
    case TypeWord::kReal: return ToFloating(from, true);
    case TypeWord::kDouble: return ToFloating(from, false);
    case TypeWord::kNumeric: return ToNumeric(from);
    case TypeWord::kDate:
    case TypeWord::kTime:
    case TypeWord::kTimestamp:
    case TypeWord::kTimestamptz: return ToTime(from, BaseOf(to));
    default: return nullptr;
  }
}

ValueType TypeOfCast(const ValueType& from, const TypeName& to) {
  if (to.word != TypeWord::kNumeric) return {BaseOf(to.word)};
  if (to.precision > 0) return {Base::kNumeric, true, to.precision - to.scale, to.scale};
  return AsNumeric(from);
}

}  // namespace

Result<Value> CompileCast(Compiler& compiler, const Value& value, const TypeName& type, Position at) {
  const Base from = value.base(), to = BaseOf(type.word);
  if (from == Base::kUnknown && compiler.IsNullConstant(value)) {
    Value null = compiler.NullConstant(to, at);
    null.type = TypeOfCast(null.type, type);
    return null;
  }
  if (from == Base::kText || from == Base::kUnknown) {
    if (to == Base::kText && type.length == 0 && from == Base::kText) return value;
    std::optional<Compiler::Always> always;
    if (from == Base::kUnknown) always.emplace(&compiler);
    return CompileFromText(compiler, value, type, at);
  }
  if (to == Base::kText && from != Base::kList) {
    CDC_ASSIGN(const Value text, CompileToText(compiler, value, false));
    if (type.length == 0) return text;
    return CompileFromText(compiler, text, type, at);
  }
  // The same type without a limit of its own.
  if (from == to && type.word != TypeWord::kSmallint && type.precision == 0) return value;
  const Kernel kernel = KernelOf(from, type.word);
  if (kernel == nullptr) {
    return ErrorAt(at,
                   "cannot cast type " + std::string(NameOf(from)) + " to " + std::string(NameOf(type.word)));
  }
  return compiler.Emit(kernel, TypeOfCast(value.type, type), {value}, at, type.precision, type.scale);
}

}  // namespace cdc::expression
