/// \file lib/expression/comparison.cc
/// = <> < <= > >= and is [not] distinct from.

#include "lib/expression/comparison_internal.h"

#include <array>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"

namespace cdc::expression {
namespace {

enum Relation { kEqual, kDifferent, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

template <Relation kRelation>
bool Holds(int order) {
  switch (kRelation) {
    case kEqual: return order == 0;
    case kDifferent: return order != 0;
    case kLess: return order < 0;
    case kLessOrEqual: return order <= 0;
    case kGreater: return order > 0;
    case kGreaterOrEqual: break;
  }
  return order >= 0;
}

template <Relation kRelation, typename T>
Reason Relate(Call&, const T& a, const T& b, int64_t* out) {
  if constexpr (std::is_same_v<T, std::string_view> && (kRelation == kEqual || kRelation == kDifferent)) {
    *out = (a == b) == (kRelation == kEqual) ? 1 : 0;
  } else {
    *out = Holds<kRelation>(Order(a, b)) ? 1 : 0;
  }
  return Reason::kNone;
}

template <Relation kRelation>
Kernel KernelOf(Storage storage) {
  switch (storage) {
    case Storage::kReal: return StrictKernel<Relate<kRelation, double>, int64_t, double, double>;
    case Storage::kNumeric: return StrictKernel<Relate<kRelation, Numeric>, int64_t, Numeric, Numeric>;
    case Storage::kBytes:
      return StrictKernel<Relate<kRelation, std::string_view>, int64_t, std::string_view, std::string_view>;
    case Storage::kWhole: break;
  }
  return StrictKernel<Relate<kRelation, int64_t>, int64_t, int64_t, int64_t>;
}

Kernel KernelOf(std::string_view word, Storage storage) {
  if (word == "=") return KernelOf<kEqual>(storage);
  if (word == "<>") return KernelOf<kDifferent>(storage);
  if (word == "<") return KernelOf<kLess>(storage);
  if (word == "<=") return KernelOf<kLessOrEqual>(storage);
  if (word == ">") return KernelOf<kGreater>(storage);
  return KernelOf<kGreaterOrEqual>(storage);
}

/// a = 1: `is distinct from`, a = 0: `is not distinct from`.
template <typename T>
void Distinct(Call& call) {
  const Lane &left = *call.in[0], &right = *call.in[1];
  Lane& out = *call.out;
  for (uint32_t row = 0; row < call.rows; ++row) {
    const uint32_t l = row & left.mask, r = row & right.mask;
    const CellState a = left.cells[l], b = right.cells[r];
    if (a >= kUnavailable || b >= kUnavailable) {
      const bool from_left = a == kFailed || (a == kUnavailable && b != kFailed);
      out.SpreadFrom(from_left ? left : right, row, from_left ? a : b);
      continue;
    }
    const bool differ =
        a == kValue && b == kValue ? Order(ValuesOf<T>(left)[l], ValuesOf<T>(right)[r]) != 0 : a != b;
    out.cells[row] = kValue;
    out.whole[row] = differ == (call.a != 0) ? 1 : 0;
  }
}

Kernel DistinctKernel(Storage storage) {
  switch (storage) {
    case Storage::kReal: return Distinct<double>;
    case Storage::kNumeric: return Distinct<Numeric>;
    case Storage::kBytes: return Distinct<std::string_view>;
    case Storage::kWhole: break;
  }
  return Distinct<int64_t>;
}

}  // namespace

Result<Base> CoerceForComparison(Compiler& compiler, std::string_view word, Position at, Value* a, Value* b) {
  auto base = OperatorBase(a->base(), b->base());
  if (!base || a->base() == Base::kList || b->base() == Base::kList) {
    return ErrorAt(at,
                   "operator does not exist: " + std::string(NameOf(a->base())) + " " + std::string(word) +
                       " " + std::string(NameOf(b->base())),
                   "cast one side to the type of the other");
  }
  if (*base == Base::kUnknown) base = Base::kText;
  CDC_ASSIGN(*a, compiler.Coerce(*a, *base));
  CDC_ASSIGN(*b, compiler.Coerce(*b, *base));
  return *base;
}

Result<Value> CompileComparison(Compiler& compiler, std::string_view word, Position at, Value a, Value b) {
  const bool distinct = word == "is distinct from" || word == "is not distinct from";
  CDC_ASSIGN(const Base base, CoerceForComparison(compiler, distinct ? "=" : word, at, &a, &b));
  if (distinct) {
    return compiler.Emit(DistinctKernel(StorageOf(base)), {Base::kBoolean}, {a, b}, at,
                         word == "is distinct from" ? 1 : 0, 0, false);
  }
  return compiler.Emit(KernelOf(word, StorageOf(base)), {Base::kBoolean}, {a, b}, at);
}

}  // namespace cdc::expression
