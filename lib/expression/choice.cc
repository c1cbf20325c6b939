/// \file lib/expression/choice.cc
/// case, coalesce, nullif, greatest, least, in and between: what picks one of its parts.

#include <algorithm>
#include <array>

#include "lib/expression/comparison_internal.h"
#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"

namespace cdc::expression {
namespace {

/// The cell of `from`, whatever it is.
template <typename T>
void Take(const Lane& from, uint32_t row, Lane* out) {
  const uint32_t i = row & from.mask;
  if (from.cells[i] != kValue) return out->SpreadFrom(from, row, from.cells[i]);
  out->cells[row] = kValue;
  ValuesOf<T>(*out)[row] = ValuesOf<T>(from)[i];
}

/// Operands: condition, result, condition, result …, else.
template <typename T>
void Case(Call& call) {
  for (uint32_t row = 0; row < call.rows; ++row) {
    size_t i = 0;
    for (; i + 1 < call.count; i += 2) {
      const Lane& condition = *call.in[i];
      const uint32_t at = row & condition.mask;
      if (condition.cells[at] >= kUnavailable) {
        call.out->SpreadFrom(condition, row, condition.cells[at]);
        break;
      }
      if (condition.cells[at] == kValue && condition.whole[at] != 0) {
        Take<T>(*call.in[i + 1], row, call.out);
        break;
      }
    }
    if (i + 1 == call.count) Take<T>(*call.in[i], row, call.out);
  }
}

template <typename T>
void Coalesce(Call& call) {
  for (uint32_t row = 0; row < call.rows; ++row) {
    size_t i = 0;
    while (i + 1 < call.count && call.in[i]->cells[row & call.in[i]->mask] == kNull) ++i;
    Take<T>(*call.in[i], row, call.out);
  }
}

/// Operands: the value, and whether it equals the other one.
template <typename T>
void NullIf(Call& call) {
  const Lane& equal = *call.in[1];
  for (uint32_t row = 0; row < call.rows; ++row) {
    const uint32_t at = row & equal.mask;
    if (equal.cells[at] >= kUnavailable) {
      call.out->SpreadFrom(equal, row, equal.cells[at]);
    } else if (equal.cells[at] == kValue && equal.whole[at] != 0) {
      call.out->cells[row] = kNull;
    } else {
      Take<T>(*call.in[0], row, call.out);
    }
  }
}

/// a = 1: the greatest, a = -1: the least. Nulls are passed over.
template <typename T>
void Extreme(Call& call) {
  for (uint32_t row = 0; row < call.rows; ++row) {
    const Lane *best = nullptr, *absent = nullptr;
    for (size_t i = 0; i < call.count; ++i) {
      const Lane& lane = *call.in[i];
      const CellState cell = lane.cells[row & lane.mask];
      if (cell == kFailed || (cell == kUnavailable && absent == nullptr)) absent = &lane;
      if (cell == kFailed) break;
      if (cell != kValue) continue;
      if (best == nullptr ||
          Order(ValuesOf<T>(lane)[row & lane.mask], ValuesOf<T>(*best)[row & best->mask]) == call.a)
        best = &lane;
    }
    if (absent != nullptr) {
      call.out->SpreadFrom(*absent, row, absent->cells[row & absent->mask]);
    } else if (best == nullptr) {
      call.out->cells[row] = kNull;
    } else {
      Take<T>(*best, row, call.out);
    }
  }
}

/// Operands: a value, and what it may equal. Like a chain of `or`, without a lane for each.
template <typename T>
void In(Call& call) {
  const Lane& value = *call.in[0];
  for (uint32_t row = 0; row < call.rows; ++row) {
    const CellState own = value.cells[row & value.mask];
    if (own == kFailed) call.out->SpreadFrom(value, row, kFailed);
    CellState cell = own;
    bool found = false;
    for (size_t i = 1; i < call.count && !found && cell != kFailed; ++i) {
      const Lane& item = *call.in[i];
      const CellState other = item.cells[row & item.mask];
      if (other == kFailed) {
        call.out->SpreadFrom(item, row, kFailed);
        cell = kFailed;
      } else if (own == kValue && other == kValue) {
        found = Order(ValuesOf<T>(value)[row & value.mask], ValuesOf<T>(item)[row & item.mask]) == 0;
      } else if (own == kValue && cell != kUnavailable) {
        cell = other;
      }
    }
    if (cell == kFailed) continue;
    call.out->cells[row] = found ? kValue : cell;
    call.out->whole[row] = found ? 1 : 0;
  }
}

/// The kernel for the values of a type.
#define CDC_KERNEL_OF(name)                                \
  Kernel name##Kernel(Base base) {                         \
    switch (StorageOf(base)) {                             \
      case Storage::kReal: return name<double>;            \
      case Storage::kNumeric: return name<Numeric>;        \
      case Storage::kBytes: return name<std::string_view>; \
      case Storage::kWhole: break;                         \
    }                                                      \
    return name<int64_t>;                                  \
  }
CDC_KERNEL_OF(Case)
CDC_KERNEL_OF(Coalesce)
CDC_KERNEL_OF(NullIf)
CDC_KERNEL_OF(Extreme)
CDC_KERNEL_OF(In)
#undef CDC_KERNEL_OF

/// The type that holds every one of `values`, which are of `base`.
ValueType TypeOfAll(Base base, const Values& values) {
  ValueType type = values.front().type;
  type.base = base;
  for (const Value& value : values) {
    if (base == Base::kNumeric) type = Wider(type, value.type);
  }
  return type;
}

Result<Value> CompileCoalesce(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Base base, compiler.CoerceAll("coalesce", &arguments));
  const ValueType type = TypeOfAll(base, arguments);
  // What follows a constant is never needed, constant nulls are neither.
  Values needed;
  for (Value& argument : arguments) {
    argument.type = type;
    if (compiler.IsNullConstant(argument)) continue;
    needed.push_back(argument);
    if (compiler.IsConstant(argument)) break;
  }
  if (needed.empty()) return arguments.front();
  if (needed.size() == 1) return needed.front();
  arguments = std::move(needed);
  const bool nullable =
      std::all_of(arguments.begin(), arguments.end(), [](const Value& v) { return v.nullable; });
  return compiler.Emit(CoalesceKernel(base), type, arguments, node.at, 0, 0, nullable);
}

/// Whether PostgreSQL compares the two as they are, so that nullif() keeps the type of its first argument.
bool ComparedAsTheyAre(Base a, Base b) {
  const auto both = [&](Base first, Base last) { return std::min(a, b) >= first && std::max(a, b) <= last; };
  const bool times = a != Base::kTime && b != Base::kTime && both(Base::kDate, Base::kTimestamptz);
  return both(Base::kInteger, Base::kBigint) || (a == Base::kReal && IsNumber(b)) || times;
}

Result<Value> CompileNullIf(Compiler& compiler, const Node& node, Values arguments) {
  const Value first = arguments[0];
  Value value = first, other = arguments[1];
  const bool kept = ComparedAsTheyAre(value.base(), other.base());
  CDC_ASSIGN(Base base, CoerceForComparison(compiler, "=", node.at, &value, &other));
  CDC_ASSIGN(const Value equal, CompileComparison(compiler, "=", node.at, value, other));
  if (kept) {
    value = first;
    base = first.base();
  }
  return compiler.Emit(NullIfKernel(base), value.type, {value, equal}, node.at, 0, 0, true);
}

Result<Value> CompileExtreme(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Base base, compiler.CoerceAll(node.text, &arguments));
  const bool nullable =
      std::all_of(arguments.begin(), arguments.end(), [](const Value& v) { return v.nullable; });
  return compiler.Emit(ExtremeKernel(base), TypeOfAll(base, arguments), arguments, node.at,
                       node.text == "greatest" ? 1 : -1, 0, nullable);
}

Result<Value> CompileCondition(Compiler& compiler, const Node& node, const std::optional<Value>& operand) {
  CDC_ASSIGN(const Value value, compiler.Compile(node));
  if (operand) return CompileComparison(compiler, "=", node.at, *operand, value);
  if (!CastsImplicitly(value.base(), Base::kBoolean))
    return ErrorAt(node.at, "a condition of case must be boolean, not " + std::string(NameOf(value.base())));
  return compiler.Coerce(value, Base::kBoolean);
}

/// The first result whose condition is true, the last one if none is. Conditions that are constant are
/// decided here, as PostgreSQL does it.
Result<Value> ChooseArm(Compiler& compiler, Position at, ValueType type, const Values& conditions,
                        const Values& results) {
  Values in;
  Value otherwise = results.back();
  bool nullable = false;
  for (size_t k = 0; k < conditions.size(); ++k) {
    const auto constant = compiler.ConstantInteger(conditions[k]);
    if (compiler.IsNullConstant(conditions[k]) || constant == 0) continue;
    if (constant) {
      otherwise = results[k];
      break;
    }
    in.push_back(conditions[k]);
    in.push_back(results[k]);
    nullable = nullable || results[k].nullable;
  }
  in.push_back(otherwise);
  if (in.size() == 1) {
    otherwise.type = type;
    return otherwise;
  }
  return compiler.Emit(CaseKernel(type.base), type, in, at, 0, 0, nullable || otherwise.nullable);
}

constexpr std::array<Function, 4> kFunctions = {{{"coalesce", 1, kAnyNumber, CompileCoalesce, true},
                                                 {"nullif", 2, 2, CompileNullIf},
                                                 {"greatest", 1, kAnyNumber, CompileExtreme},
                                                 {"least", 1, kAnyNumber, CompileExtreme}}};

}  // namespace

std::span<const Function> ChoiceFunctions() { return kFunctions; }

Result<Value> CompileCase(Compiler& compiler, const Node& node) {
  size_t i = 0;
  std::optional<Value> operand;
  if (node.has_operand) {
    CDC_ASSIGN(operand, compiler.Compile(*node.children[i++]));
  }
  Values conditions, results;
  const Compiler::Branch branch(&compiler);
  const size_t end = node.children.size() - (node.has_else ? 1 : 0);
  for (; i < end; i += 2) {
    CDC_ASSIGN(const Value condition, CompileCondition(compiler, *node.children[i], operand));
    CDC_ASSIGN(const Value result, compiler.Compile(*node.children[i + 1]));
    conditions.push_back(condition);
    results.push_back(result);
  }
  if (node.has_else) {
    CDC_ASSIGN(const Value otherwise, compiler.Compile(*node.children[end]));
    results.push_back(otherwise);
  } else {
    results.push_back(compiler.NullConstant(Base::kUnknown, node.at));
  }
  CDC_ASSIGN(const Base base, compiler.CoerceAll("case", &results));
  return ChooseArm(compiler, node.at, TypeOfAll(base, results), conditions, results);
}

Result<Value> CompileIn(Compiler& compiler, const Node& node) {
  Values all;
  for (const Tree& child : node.children) {
    CDC_ASSIGN(const Value value, compiler.Compile(*child));
    all.push_back(value);
  }
  CDC_ASSIGN(const Base base, compiler.CoerceAll("in", &all));
  if (compiler.IsNullConstant(all[0])) return compiler.NullConstant(Base::kBoolean, node.at);
  // PostgreSQL looks at the constants of a list first, unless there is only one.
  const auto constant = [&](const Value& v) { return compiler.IsConstant(v); };
  if (constant(all[0]) || std::count_if(all.begin() + 1, all.end(), constant) > 1)
    std::stable_partition(all.begin() + 1, all.end(), constant);
  const bool nullable = std::any_of(all.begin(), all.end(), [](const Value& v) { return v.nullable; });
  return compiler.Emit(InKernel(base), {Base::kBoolean}, all, node.at, 0, 0, nullable);
}

/// value between a and b is value >= a and value <= b.
Result<Value> CompileBetween(Compiler& compiler, const Node& node) {
  CDC_ASSIGN(const Value value, compiler.Compile(*node.children[0]));
  CDC_ASSIGN(const Value low, compiler.Compile(*node.children[1]));
  CDC_ASSIGN(const Value high, compiler.Compile(*node.children[2]));
  CDC_ASSIGN(const Value above, CompileComparison(compiler, ">=", node.at, value, low));
  CDC_ASSIGN(const Value below, CompileComparison(compiler, "<=", node.at, value, high));
  return CompileBoth(compiler, "and", node.at, above, below);
}

}  // namespace cdc::expression
