#pragma once

/// \file lib/expression/compiler_internal.h
/// What the families of operators and functions emit their code through.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/expression/code_internal.h"
#include "lib/expression/compile.h"

namespace cdc::expression {

/// A part that is compiled: the lane that its values will lie in.
struct Value {
  LaneId lane = 0;
  ValueType type;
  bool nullable = true;
  Position at;

  Base base() const { return type.base; }
};
using Values = std::vector<Value>;

class Compiler {
 public:
  Compiler(const rows::Schema& schema, ContextFunctions available);

  Result<Value> Compile(const Node& node);
  Result<Program> Finish(const Value& result);

  /// Adds an operation; computes it at once where all of `in` are constant.
  /// \param nullable nothing: the operation is strict, so its result is null where an operand is; with a
  /// constant null it is not computed at all, as in PostgreSQL
  /// \return kInvalidConfig: a constant that cannot be computed and that every row needs
  Result<Value> Emit(Kernel kernel, ValueType type, const Values& in, Position at, int64_t a = 0,
                     int64_t b = 0, std::optional<bool> nullable = {});

  Value Constant(ValueType type, Position at, int64_t whole);
  Value Constant(const Numeric& number, ValueType type, Position at);
  Value TextConstant(Base base, Position at, std::string_view text);
  Value NullConstant(Base base, Position at);
  /// Nothing: it differs by row, or is null.
  std::optional<int64_t> ConstantInteger(const Value& value) const;
  std::optional<std::string_view> ConstantText(const Value& value) const;
  bool IsConstant(const Value& value) const { return code_->lanes[value.lane].constant(); }
  bool IsNullConstant(const Value& value) const;
  /// A numeric constant has one scale for all rows.
  void FixConstant(Value* number) const;

  /// The implicit cast to `base`; a literal without a type is read as one.
  Result<Value> Coerce(const Value& value, Base base);
  /// All to their common type.
  /// \param what for the error: "case"
  Result<Base> CoerceAll(std::string_view what, Values* values);

  /// While one lives, constants that cannot be computed are left to the rows that need them.
  class Branch {
   public:
    explicit Branch(Compiler* compiler) : compiler_(compiler) { ++compiler_->branches_; }
    ~Branch() { --compiler_->branches_; }
    Branch(const Branch&) = delete;
    Branch& operator=(const Branch&) = delete;

   private:
    Compiler* compiler_;
  };
  /// Literals are read where they stand, even in a branch that is never taken.
  class Always {
   public:
    explicit Always(Compiler* compiler) : compiler_(compiler), before_(compiler->branches_) {
      compiler_->branches_ = 0;
    }
    ~Always() { compiler_->branches_ = before_; }
    Always(const Always&) = delete;
    Always& operator=(const Always&) = delete;

   private:
    Compiler* compiler_;
    int before_;
  };

 private:
  /// A constant that cannot be computed.
  bool HasFailed(const Value& value) const;
  LaneId NewLane(Base base, bool constant);
  Result<Value> Column(const Node& node);
  Result<Value> Number(const Node& node);
  Result<Value> Call(const Node& node);
  Value LoadContext(ContextFunction function, Position at);

  const rows::Schema& schema_;
  ContextFunctions available_;
  std::unique_ptr<Code> code_;
  std::map<int, Value> columns_;
  std::map<ContextFunction, Value> functions_;
  int branches_ = 0;
};

/// A function of the language.
struct Function {
  std::string_view name;
  size_t least, most;  ///< numbers of arguments
  Result<Value> (*compile)(Compiler& compiler, const Node& node, Values arguments);
  bool lazy = false;  ///< the second argument and later ones are not always needed
};
inline constexpr size_t kAnyNumber = 100;
std::span<const Function> TextFunctions();
std::span<const Function> ConcatFunctions();
std::span<const Function> NumberFunctions();
std::span<const Function> ChoiceFunctions();
std::span<const Function> TimeFunctions();

/// `and` or `or` of two booleans.
Result<Value> CompileBoth(Compiler& compiler, std::string_view word, Position at, const Value& left,
                          const Value& right);
/// "+", "and", "is null" …: a node of kind kOperator.
Result<Value> CompileOperator(Compiler& compiler, const Node& node);
Result<Value> CompileArithmetic(Compiler& compiler, const Node& node, Values operands);
Result<Value> CompileSign(Compiler& compiler, const Node& node, Value operand);
Result<Value> CompileConcatenation(Compiler& compiler, const Node& node, Values operands);
Result<Value> CompileLike(Compiler& compiler, const Node& node, Values operands);
Result<Value> CompileCase(Compiler& compiler, const Node& node);
Result<Value> CompileIn(Compiler& compiler, const Node& node);
Result<Value> CompileBetween(Compiler& compiler, const Node& node);
Result<Value> CompileCast(Compiler& compiler, const Value& value, const TypeName& type, Position at);
/// The value as text, as `::text` or `||` shows it; with `output`, as concat() does (booleans t and f).
Result<Value> CompileToText(Compiler& compiler, const Value& value, bool output);
/// Two values to what they are compared in. \param word "<", "distinct from" …: for the error
Result<Base> CoerceForComparison(Compiler& compiler, std::string_view word, Position at, Value* a, Value* b);
/// a = b, a < b …
Result<Value> CompileComparison(Compiler& compiler, std::string_view word, Position at, Value a, Value b);

/// "there is no function lowr()", and a call with another number of arguments than the function takes.
Error NoFunction(const Node& node, const std::vector<std::string>& known);
Error WrongNumber(const Node& node, size_t least, size_t most);
/// "function lower(integer) does not exist".
Error NoSuchFunction(const Node& node, const Values& arguments);
/// Argument `i` by its implicit cast to `base`; NoSuchFunction() where there is none.
Result<Value> Argument(Compiler& compiler, const Node& node, const Values& arguments, size_t i, Base base);

/// Reads a text, or a literal without a type, as `type`.
Result<Value> CompileFromText(Compiler& compiler, const Value& value, const TypeName& type, Position at);

}  // namespace cdc::expression
