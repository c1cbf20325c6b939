#pragma once

/// \file lib/expression/syntax.h
/// An expression as it is written: text → tree. Step one of three (then compile.h, then program.h).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::expression {

/// Where something stands in the expression's text, from 1; columns count characters, not bytes.
struct Position {
  uint32_t line = 1, column = 1;
};

/// The type of a cast, in PostgreSQL's words.
enum class TypeWord {
  kBoolean,
  kSmallint,
  kInteger,
  kBigint,
  kReal,
  kDouble,
  kNumeric,
  kText,
  kVarchar,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kUuid,
  kBytea,
};
struct TypeName {
  TypeWord word = TypeWord::kText;
  int length = 0;     ///< varchar(n); 0: any length
  int precision = 0;  ///< numeric(p,s); 0: numeric without limits
  int scale = 0;
};

enum class NodeKind {
  kColumn,   ///< `text`: its name, folded to lower case unless it was quoted
  kNumber,   ///< `text`: its digits
  kText,     ///< `text`: the value, or a text whose type the surroundings decide
  kBoolean,  ///< `text`: "true" or "false"
  kNull,
  kOperator,  ///< `text`: its word: "+", "and", "is not null", "negate" …; one or two children
  kIn,        ///< children: the value, then the list
  kBetween,   ///< children: the value, the lower and the upper bound
  kCase,      ///< children: [the operand,] condition, result, condition, result … [, the else result]
  kCast,      ///< one child
  kCall,      ///< `text`: the function's name; children: its arguments
};

struct Node {
  NodeKind kind = NodeKind::kNull;
  Position at;
  std::string text;
  std::vector<std::unique_ptr<Node>> children;
  TypeName type;             ///< kCast
  bool has_operand = false;  ///< kCase: `case x when …`
  bool has_else = false;     ///< kCase
};
using Tree = std::unique_ptr<Node>;

/// Reads one expression.
/// \return kInvalidConfig: "line 1, column 8: expected …, found …"; the hint says what to write, if known
Result<Tree> Parse(std::string_view text);

/// "line 1, column 8: <message>", kInvalidConfig: how all errors about an expression's text look.
Error ErrorAt(Position at, std::string_view message, std::string hint = {});

/// A hint "did you mean …?" with the nearest of `known`; empty when none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace cdc::expression
