#include <array>

#include "lib/expression/lexer_internal.h"
#include "lib/expression/type_name_internal.h"

namespace cdc::expression {
namespace {

/// How tightly an operator binds, PostgreSQL's order ("Operator Precedence").
enum Level { kOr = 1, kAnd, kNot, kIs, kComparison, kMembership, kOther, kSum, kProduct, kSign, kCastLevel };

/// Nested parts; deeper ones are refused before they could exhaust the stack.
constexpr int kMaxDepth = 200;
/// Of a chain such as a || b || c, which is compiled from its end.
constexpr int kMaxOperators = 1000;

constexpr std::array<std::string_view, 21> kReserved = {
    "and", "or", "not",     "case", "when",  "then", "else",     "end",  "null", "true", "as",
    "in",  "is", "between", "like", "ilike", "cast", "distinct", "from", "for",  "false"};
bool IsReserved(std::string_view word) {
  for (const std::string_view one : kReserved) {
    if (one == word) return true;
  }
  return false;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : cursor_(std::move(tokens)) {}

  Result<Tree> Whole() {
    CDC_ASSIGN(Tree tree, Expression(kOr));
    if (!cursor_.at_end()) return cursor_.Expected("an operator or the end of the expression");
    return tree;
  }

 private:
  static Tree Make(NodeKind kind, Position at, std::string text = {}) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->at = at;
    node->text = std::move(text);
    return node;
  }
  template <typename... Trees>
  static Tree Operator(Position at, std::string word, Trees... children) {
    Tree node = Make(NodeKind::kOperator, at, std::move(word));
    (node->children.push_back(std::move(children)), ...);
    return node;
  }
  static Tree Negated(bool negated, Tree tree) {
    const Position at = tree->at;
    return negated ? Operator(at, "not", std::move(tree)) : std::move(tree);
  }

  Result<Tree> Expression(int least) {
    if (++depth_ > kMaxDepth) return ErrorAt(cursor_.at(), "the expression is nested too deeply");
    CDC_ASSIGN(Tree left, Prefix());
    bool compared = false;
    for (;;) {
      const int level = LevelOfNext();
      if (level < least || level == 0) break;
      if (level == kComparison && compared)
        return ErrorAt(cursor_.at(), "comparisons cannot be chained", "write a < b and b < c");
      compared = level == kComparison;
      if (++operators_ > kMaxOperators) return ErrorAt(cursor_.at(), "the expression has too many operators");
      CDC_ASSIGN(left, Infix(std::move(left), level));
    }
    --depth_;
    return left;
  }

  /// 0: the next token is no operator that stands behind an operand.
  int LevelOfNext() const {
    const Token& token = cursor_.token();
    const std::string& t = token.text;
    if (token.kind == TokenKind::kSymbol) {
      if (t == "::") return kCastLevel;
      if (t == "*" || t == "/" || t == "%") return kProduct;
      if (t == "+" || t == "-") return kSum;
      if (t == "||") return kOther;
      if (t == "=" || t == "<>" || t == "!=" || t == "<" || t == "<=" || t == ">" || t == ">=")
        return kComparison;
      return 0;
    }
    if (token.kind != TokenKind::kWord) return 0;
    if (t == "or") return kOr;
    if (t == "and") return kAnd;
    if (t == "is") return kIs;
    if (t == "in" || t == "between" || t == "like" || t == "ilike" || t == "not") return kMembership;
    return 0;
  }

  Result<Tree> Prefix() {
    const Position at = cursor_.at();
    if (cursor_.TakeWord("not")) {
      CDC_ASSIGN(Tree operand, Expression(kNot));
      return Operator(at, "not", std::move(operand));
    }
    for (const char* sign : {"-", "+"}) {
      if (!cursor_.TakeSymbol(sign)) continue;
      CDC_ASSIGN(Tree operand, Expression(kSign));
      return Operator(at, sign[0] == '-' ? "negate" : "plus", std::move(operand));
    }
    return Primary();
  }

  Result<Tree> Infix(Tree left, int level) {
    const Token token = cursor_.token();
    if (level == kIs) return Is(std::move(left));
    if (level == kMembership) return Membership(std::move(left));
    cursor_.Advance();
    if (level == kCastLevel) {
      Tree node = Make(NodeKind::kCast, token.at);
      CDC_ASSIGN(node->type, ParseTypeName(&cursor_));
      node->children.push_back(std::move(left));
      return node;
    }
    CDC_ASSIGN(Tree right, Expression(level + 1));
    return Operator(token.at, token.text == "!=" ? "<>" : token.text, std::move(left), std::move(right));
  }

  Result<Tree> Is(Tree left) {
    const Position at = cursor_.at();
    cursor_.Advance();
    const bool negated = cursor_.TakeWord("not");
    if (cursor_.TakeWord("null")) return Operator(at, negated ? "is not null" : "is null", std::move(left));
    for (const char* word : {"true", "false", "unknown"}) {
      if (!cursor_.TakeWord(word)) continue;
      return Operator(at, std::string(negated ? "is not " : "is ") + word, std::move(left));
    }
    if (cursor_.TakeWord("distinct")) {
      CDC_TRY(cursor_.NeedWord("from"));
      CDC_ASSIGN(Tree right, Expression(kComparison));
      return Operator(at, negated ? "is not distinct from" : "is distinct from", std::move(left),
                      std::move(right));
    }
    return cursor_.Expected("null, true, false, unknown or distinct from");
  }

  Result<Tree> Membership(Tree left) {
    const bool negated = cursor_.TakeWord("not");
    const Position at = cursor_.at();
    if (cursor_.TakeWord("in")) {
      Tree node = Make(NodeKind::kIn, at);
      node->children.push_back(std::move(left));
      CDC_TRY(cursor_.NeedSymbol("("));
      CDC_TRY(List(node.get()));
      return Negated(negated, std::move(node));
    }
    if (cursor_.TakeWord("between")) {
      Tree node = Make(NodeKind::kBetween, at);
      CDC_ASSIGN(Tree low, Expression(kOther));
      CDC_TRY(cursor_.NeedWord("and"));
      CDC_ASSIGN(Tree high, Expression(kOther));
      node->children.push_back(std::move(left));
      node->children.push_back(std::move(low));
      node->children.push_back(std::move(high));
      return Negated(negated, std::move(node));
    }
    for (const char* word : {"like", "ilike"}) {
      if (!cursor_.TakeWord(word)) continue;
      CDC_ASSIGN(Tree pattern, Expression(kOther));
      return Negated(negated, Operator(at, word, std::move(left), std::move(pattern)));
    }
    return cursor_.Expected("in, between, like or ilike");
  }

  /// One or more expressions up to and with the closing bracket.
  Status List(Node* node) {
    do {
      CDC_ASSIGN(Tree item, Expression(kOr));
      node->children.push_back(std::move(item));
    } while (cursor_.TakeSymbol(","));
    return cursor_.NeedSymbol(")");
  }

  Result<Tree> Primary() {
    const Token token = cursor_.token();
    switch (token.kind) {
      case TokenKind::kNumber: cursor_.Advance(); return Make(NodeKind::kNumber, token.at, token.text);
      case TokenKind::kText: cursor_.Advance(); return Make(NodeKind::kText, token.at, token.text);
      case TokenKind::kQuotedName: cursor_.Advance(); return Make(NodeKind::kColumn, token.at, token.text);
      case TokenKind::kWord: return Word(token);
      case TokenKind::kSymbol:
        if (cursor_.TakeSymbol("(")) {
          CDC_ASSIGN(Tree inner, Expression(kOr));
          CDC_TRY(cursor_.NeedSymbol(")"));
          return inner;
        }
        break;
      case TokenKind::kEnd: break;
    }
    return cursor_.Expected("a column, a value, a function or '('");
  }

  Result<Tree> Word(const Token& token) {
    const std::string& word = token.text;
    if (word == "null" || word == "true" || word == "false") {
      cursor_.Advance();
      return Make(word == "null" ? NodeKind::kNull : NodeKind::kBoolean, token.at, word);
    }
    if (word == "case") return Case();
    if (word == "cast") return Cast();
    if (IsReserved(word)) return cursor_.Expected("a column, a value, a function or '('");
    if (cursor_.ahead().kind == TokenKind::kText) {
      // date '2024-02-29': a text of that type.
      Tree node = Make(NodeKind::kCast, token.at);
      CDC_ASSIGN(node->type, ParseTypeName(&cursor_));
      CDC_ASSIGN(Tree text, Primary());
      node->children.push_back(std::move(text));
      return node;
    }
    cursor_.Advance();
    if (!cursor_.TakeSymbol("(")) return Make(NodeKind::kColumn, token.at, word);
    if (word == "trim") return Trim(token.at);
    Tree node = Make(NodeKind::kCall, token.at, word);
    if (cursor_.TakeSymbol(")")) return node;
    CDC_ASSIGN(Tree first, Expression(kOr));
    node->children.push_back(std::move(first));
    if (word == "substring" && (cursor_.IsWord("from") || cursor_.IsWord("for")))
      return Substring(std::move(node));
    if (!cursor_.TakeSymbol(",")) {
      CDC_TRY(cursor_.NeedSymbol(")", "',' or ')'"));
      return node;
    }
    CDC_TRY(List(node.get()));
    return node;
  }

  Result<Tree> Case() {
    Tree node = Make(NodeKind::kCase, cursor_.at());
    cursor_.Advance();
    if (!cursor_.IsWord("when")) {
      CDC_ASSIGN(Tree operand, Expression(kOr));
      node->children.push_back(std::move(operand));
      node->has_operand = true;
    }
    CDC_TRY(cursor_.NeedWord("when"));
    do {
      CDC_ASSIGN(Tree condition, Expression(kOr));
      CDC_TRY(cursor_.NeedWord("then"));
      CDC_ASSIGN(Tree result, Expression(kOr));
      node->children.push_back(std::move(condition));
      node->children.push_back(std::move(result));
    } while (cursor_.TakeWord("when"));
    if (cursor_.TakeWord("else")) {
      CDC_ASSIGN(Tree otherwise, Expression(kOr));
      node->children.push_back(std::move(otherwise));
      node->has_else = true;
    }
    CDC_TRY(cursor_.NeedWord("end"));
    return node;
  }

  Result<Tree> Cast() {
    Tree node = Make(NodeKind::kCast, cursor_.at());
    cursor_.Advance();
    CDC_TRY(cursor_.NeedSymbol("("));
    CDC_ASSIGN(Tree operand, Expression(kOr));
    CDC_TRY(cursor_.NeedWord("as"));
    CDC_ASSIGN(node->type, ParseTypeName(&cursor_));
    CDC_TRY(cursor_.NeedSymbol(")"));
    node->children.push_back(std::move(operand));
    return node;
  }

  /// trim([leading|trailing|both] [characters] [from] text), behind the bracket.
  Result<Tree> Trim(Position at) {
    std::string name = "btrim";
    if (cursor_.TakeWord("leading")) {
      name = "ltrim";
    } else if (cursor_.TakeWord("trailing")) {
      name = "rtrim";
    } else {
      cursor_.TakeWord("both");
    }
    Tree node = Make(NodeKind::kCall, at, name);
    if (cursor_.TakeWord("from")) {
      CDC_TRY(List(node.get()));
      return node;
    }
    CDC_ASSIGN(Tree first, Expression(kOr));
    if (cursor_.TakeWord("from")) {
      CDC_ASSIGN(Tree text, Expression(kOr));
      node->children.push_back(std::move(text));
      node->children.push_back(std::move(first));
      CDC_TRY(cursor_.NeedSymbol(")"));
      return node;
    }
    node->children.push_back(std::move(first));
    if (cursor_.TakeSymbol(",")) {
      CDC_TRY(List(node.get()));
      return node;
    }
    CDC_TRY(cursor_.NeedSymbol(")"));
    return node;
  }

  /// Behind the text of substring(text from 2 for 3); either part may be left out.
  Result<Tree> Substring(Tree node) {
    Tree from = Make(NodeKind::kNumber, node->at, "1");
    if (cursor_.TakeWord("from")) {
      CDC_ASSIGN(from, Expression(kOr));
    }
    node->children.push_back(std::move(from));
    if (cursor_.TakeWord("for")) {
      CDC_ASSIGN(Tree count, Expression(kOr));
      node->children.push_back(std::move(count));
    }
    CDC_TRY(cursor_.NeedSymbol(")"));
    return node;
  }

  Cursor cursor_;
  int depth_ = 0;
  int operators_ = 0;
};

}  // namespace

Result<Tree> Parse(std::string_view text) {
  CDC_ASSIGN(auto tokens, Tokens(text));
  return Parser(std::move(tokens)).Whole();
}

}  // namespace cdc::expression
