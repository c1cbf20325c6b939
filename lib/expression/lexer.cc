#include <array>

#include "lib/expression/lexer_internal.h"

namespace cdc::expression {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
/// Every byte of a character beyond ASCII is a letter, as in PostgreSQL.
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (static_cast<uint8_t>(c) & 0x80) != 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> All() {
    std::vector<Token> tokens;
    for (;;) {
      SkipSpace();
      CDC_ASSIGN(Token token, Next());
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  bool done() const { return i_ >= text_.size(); }
  char peek(size_t ahead) const { return i_ + ahead < text_.size() ? text_[i_ + ahead] : '\0'; }

  void Advance(size_t bytes) {
    for (; bytes > 0; --bytes, ++i_) {
      if (text_[i_] == '\n') {
        ++at_.line;
        at_.column = 1;
      } else if ((static_cast<uint8_t>(text_[i_]) & 0xC0) != 0x80) {
        ++at_.column;
      }
    }
  }

  /// White space, and comments: from "--" to the end of the line.
  void SkipSpace() {
    for (;;) {
      while (!done() && IsSpace(text_[i_])) Advance(1);
      if (peek(0) != '-' || peek(1) != '-') return;
      while (!done() && text_[i_] != '\n') Advance(1);
    }
  }

  Token Take(TokenKind kind, size_t bytes) {
    Token token{kind, std::string(text_.substr(i_, bytes)), at_};
    Advance(bytes);
    return token;
  }

  Result<Token> Next() {
    if (done()) return Token{TokenKind::kEnd, "", at_};
    const char c = text_[i_];
    if (c == '\'') return Quoted(TokenKind::kText, '\'', "text");
    if (c == '"') return Quoted(TokenKind::kQuotedName, '"', "name");
    if (IsDigit(c) || (c == '.' && IsDigit(peek(1)))) return Number();
    if (IsLetter(c)) return Word();
    constexpr std::array<std::string_view, 6> kPairs = {"||", "::", "<=", ">=", "<>", "!="};
    for (const std::string_view pair : kPairs) {
      if (text_.substr(i_).starts_with(pair)) return Take(TokenKind::kSymbol, 2);
    }
    if (std::string_view("+-*/%=<>(),").find(c) != std::string_view::npos) return Take(TokenKind::kSymbol, 1);
    return ErrorAt(at_, std::string("'") + c + "' is no part of an expression");
  }

  Result<Token> Quoted(TokenKind kind, char quote, std::string_view what) {
    Token token{kind, "", at_};
    Advance(1);
    for (;;) {
      if (done()) {
        return ErrorAt(
            token.at, "the " + std::string(what) + " that begins here is not closed",
            std::string("end it with ") + quote + "; inside, write " + quote + quote + " for one " + quote);
      }
      if (text_[i_] == quote) {
        if (peek(1) != quote) break;
        Advance(1);
      }
      token.text += text_[i_];
      Advance(1);
    }
    Advance(1);
    if (kind == TokenKind::kQuotedName && token.text.empty()) return ErrorAt(token.at, "a name is not empty");
    return token;
  }

  Result<Token> Number() {
    size_t n = 0;
    while (IsDigit(peek(n))) ++n;
    if (peek(n) == '.') {
      ++n;
      while (IsDigit(peek(n))) ++n;
    }
    if (peek(n) == 'e' || peek(n) == 'E') {
      const size_t sign = peek(n + 1) == '+' || peek(n + 1) == '-' ? 1 : 0;
      if (IsDigit(peek(n + 1 + sign))) {
        n += 1 + sign;
        while (IsDigit(peek(n))) ++n;
      }
    }
    Token token = Take(TokenKind::kNumber, n);
    if (IsLetter(peek(0))) return ErrorAt(at_, "a letter follows the number " + token.text);
    return token;
  }

  Result<Token> Word() {
    size_t n = 0;
    while (IsLetter(peek(n)) || IsDigit(peek(n)) || peek(n) == '$') ++n;
    if (n == 1 && peek(1) == '\'')
      return ErrorAt(at_, "prefixed texts such as E'…' are not supported",
                     "write the characters as they are");
    Token token = Take(TokenKind::kWord, n);
    for (char& c : token.text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return token;
  }

  std::string_view text_;
  size_t i_ = 0;
  Position at_;
};

}  // namespace

Result<std::vector<Token>> Tokens(std::string_view text) { return Lexer(text).All(); }

}  // namespace cdc::expression
