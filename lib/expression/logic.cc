/// \file lib/expression/logic.cc
/// and, or, not, is …, and which family an operator belongs to.

#include <array>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/strict_internal.h"

namespace cdc::expression {
namespace {

/// `and` is false, `or` true, as soon as one side is: kDecisive says which.
template <int64_t kDecisive>
void AndOr(Call& call) {
  const Lane &left = *call.in[0], &right = *call.in[1];
  Lane& out = *call.out;
  for (uint32_t row = 0; row < call.rows; ++row) {
    const uint32_t l = row & left.mask, r = row & right.mask;
    const CellState a = left.cells[l], b = right.cells[r];
    const bool decided = (a == kValue && left.whole[l] == kDecisive) ||
                         (b == kValue && right.whole[r] == kDecisive && a != kFailed);
    if (decided || (a == kValue && b == kValue)) {
      out.cells[row] = kValue;
      out.whole[row] = decided ? kDecisive : 1 - kDecisive;
    } else if (a == kFailed) {
      out.SpreadFrom(left, row, kFailed);
    } else if (a == kUnavailable || b == kUnavailable) {
      // What was not sent might decide; so might the left side before the right one fails.
      out.cells[row] = kUnavailable;
    } else if (b == kFailed) {
      out.SpreadFrom(right, row, kFailed);
    } else {
      out.cells[row] = kNull;
    }
  }
}

Reason Not(Call&, int64_t v, int64_t* out) {
  *out = 1 - v;
  return Reason::kNone;
}

/// Whether the cell is a null (a = 1) or not (a = 0).
void IsNull(Call& call) {
  const Lane& in = *call.in[0];
  Lane& out = *call.out;
  for (uint32_t row = 0; row < call.rows; ++row) {
    const CellState cell = in.cells[row & in.mask];
    if (cell >= kUnavailable) {
      out.SpreadFrom(in, row, cell);
      continue;
    }
    out.cells[row] = kValue;
    out.whole[row] = (cell == kNull) == (call.a != 0) ? 1 : 0;
  }
}

/// Whether the cell has the value a; b = 1: whether it has not.
void IsTruth(Call& call) {
  const Lane& in = *call.in[0];
  Lane& out = *call.out;
  for (uint32_t row = 0; row < call.rows; ++row) {
    const uint32_t i = row & in.mask;
    if (in.cells[i] >= kUnavailable) {
      out.SpreadFrom(in, row, in.cells[i]);
      continue;
    }
    out.cells[row] = kValue;
    const bool is = in.cells[i] == kValue && in.whole[i] == call.a;
    out.whole[row] = is != (call.b != 0) ? 1 : 0;
  }
}

Result<Value> Truth(Compiler& compiler, const Node& node, Value value) {
  if (!CastsImplicitly(value.base(), Base::kBoolean)) {
    return ErrorAt(value.at,
                   "argument of " + node.text + " must be boolean, not " + std::string(NameOf(value.base())));
  }
  return compiler.Coerce(value, Base::kBoolean);
}

Result<Value> CompileAndOr(Compiler& compiler, const Node& node) {
  CDC_ASSIGN(Value left, compiler.Compile(*node.children[0]));
  CDC_ASSIGN(left, Truth(compiler, node, left));
  const Compiler::Branch branch(&compiler);
  CDC_ASSIGN(Value right, compiler.Compile(*node.children[1]));
  CDC_ASSIGN(right, Truth(compiler, node, right));
  return CompileBoth(compiler, node.text, node.at, left, right);
}

Result<Value> CompileIs(Compiler& compiler, const Node& node, const Value& value) {
  const bool negated = node.text.starts_with("is not ");
  const std::string word = node.text.substr(negated ? 7 : 3);
  if (word == "null")
    return compiler.Emit(IsNull, {Base::kBoolean}, {value}, node.at, negated ? 0 : 1, 0, false);
  CDC_ASSIGN(const Value truth, Truth(compiler, node, value));
  if (word == "unknown")
    return compiler.Emit(IsNull, {Base::kBoolean}, {truth}, node.at, negated ? 0 : 1, 0, false);
  return compiler.Emit(IsTruth, {Base::kBoolean}, {truth}, node.at, word == "true" ? 1 : 0, negated ? 1 : 0,
                       false);
}

}  // namespace

Result<Value> CompileBoth(Compiler& compiler, std::string_view word, Position at, const Value& left,
                          const Value& right) {
  // A constant that decides does so whatever the other side is, as in PostgreSQL.
  for (const Value& side : {left, right}) {
    if (compiler.ConstantInteger(side) == (word == "and" ? 0 : 1)) return side;
  }
  return compiler.Emit(word == "and" ? AndOr<0> : AndOr<1>, {Base::kBoolean}, {left, right}, at, 0, 0,
                       left.nullable || right.nullable);
}

Result<Value> CompileOperator(Compiler& compiler, const Node& node) {
  const std::string& word = node.text;
  if (word == "and" || word == "or") return CompileAndOr(compiler, node);
  Values operands;
  for (const Tree& child : node.children) {
    CDC_ASSIGN(const Value value, compiler.Compile(*child));
    if (value.base() == Base::kList && word != "is null" && word != "is not null")
      return ErrorAt(value.at, "an array cannot be used here", "select it by its name");
    operands.push_back(value);
  }
  if (word == "not") {
    CDC_ASSIGN(const Value truth, Truth(compiler, node, operands[0]));
    return compiler.Emit(StrictKernel<Not, int64_t, int64_t>, {Base::kBoolean}, {truth}, node.at);
  }
  if (word == "negate" || word == "plus") return CompileSign(compiler, node, operands[0]);
  if (word == "||") return CompileConcatenation(compiler, node, std::move(operands));
  if (word == "like" || word == "ilike") return CompileLike(compiler, node, std::move(operands));
  if (word.starts_with("is ") && operands.size() == 1) return CompileIs(compiler, node, operands[0]);
  if (word == "+" || word == "-" || word == "*" || word == "/" || word == "%")
    return CompileArithmetic(compiler, node, std::move(operands));
  return CompileComparison(compiler, word, node.at, operands[0], operands[1]);
}

}  // namespace cdc::expression
