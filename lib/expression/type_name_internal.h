#pragma once

/// \file lib/expression/type_name_internal.h
/// A reader's place among the tokens, and the names of types.

#include <string_view>
#include <utility>
#include <vector>

#include "lib/expression/lexer_internal.h"

namespace cdc::expression {

class Cursor {
 public:
  /// \param tokens the last one is kEnd
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& token() const { return tokens_[i_]; }
  const Token& ahead() const { return tokens_[i_ + 1 < tokens_.size() ? i_ + 1 : i_]; }
  Position at() const { return token().at; }
  bool at_end() const { return token().kind == TokenKind::kEnd; }
  void Advance() {
    if (!at_end()) ++i_;
  }

  bool IsWord(std::string_view word) const {
    return token().kind == TokenKind::kWord && token().text == word;
  }
  bool TakeWord(std::string_view word) {
    const bool is = IsWord(word);
    if (is) Advance();
    return is;
  }
  bool TakeSymbol(std::string_view symbol) {
    const bool is = token().kind == TokenKind::kSymbol && token().text == symbol;
    if (is) Advance();
    return is;
  }
  Status NeedWord(std::string_view word);
  /// \param expected what the error says instead of the symbol
  Status NeedSymbol(std::string_view symbol, std::string_view expected = {});

  /// "expected <what>, found <token>".
  Error Expected(std::string_view what) const;

 private:
  std::vector<Token> tokens_;
  size_t i_ = 0;
};

/// Reads `numeric(12, 2)`, `double precision`, `timestamp with time zone`, `varchar(40)` …
/// \return kInvalidConfig: no such type, or no such form of it
Result<TypeName> ParseTypeName(Cursor* cursor);

}  // namespace cdc::expression
