#pragma once

/// \file lib/expression/lexer_internal.h
/// The words of an expression.

#include <string>
#include <string_view>
#include <vector>

#include "lib/expression/syntax.h"

namespace cdc::expression {

enum class TokenKind { kWord, kQuotedName, kNumber, kText, kSymbol, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< a word in lower case; a text or quoted name without its quotes
  Position at;
};

/// All tokens, the last one kEnd.
/// \return kInvalidConfig: a quote that is not closed, a character that begins nothing
Result<std::vector<Token>> Tokens(std::string_view text);

}  // namespace cdc::expression
