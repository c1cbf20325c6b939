#include <array>
#include <charconv>
#include <optional>

#include "lib/core/decimal.h"
#include "lib/expression/type_name_internal.h"

namespace cdc::expression {
namespace {

struct Spelling {
  std::string_view word;
  TypeWord type;
};
constexpr std::array<Spelling, 24> kSpellings = {{
    {"boolean", TypeWord::kBoolean},     {"bool", TypeWord::kBoolean},
    {"smallint", TypeWord::kSmallint},   {"int2", TypeWord::kSmallint},
    {"integer", TypeWord::kInteger},     {"int", TypeWord::kInteger},
    {"int4", TypeWord::kInteger},        {"bigint", TypeWord::kBigint},
    {"int8", TypeWord::kBigint},         {"real", TypeWord::kReal},
    {"float4", TypeWord::kReal},         {"float8", TypeWord::kDouble},
    {"float", TypeWord::kDouble},        {"double", TypeWord::kDouble},
    {"numeric", TypeWord::kNumeric},     {"decimal", TypeWord::kNumeric},
    {"text", TypeWord::kText},           {"varchar", TypeWord::kVarchar},
    {"date", TypeWord::kDate},           {"time", TypeWord::kTime},
    {"timestamp", TypeWord::kTimestamp}, {"timestamptz", TypeWord::kTimestamptz},
    {"uuid", TypeWord::kUuid},           {"bytea", TypeWord::kBytea},
}};

Result<int> Number(Cursor* cursor, int least, int most) {
  const Token& token = cursor->token();
  int value = -1;
  if (token.kind == TokenKind::kNumber) {
    const char* end = token.text.data() + token.text.size();
    const auto read = std::from_chars(token.text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) value = -1;
  }
  if (value < least || value > most)
    return cursor->Expected("a number from " + std::to_string(least) + " to " + std::to_string(most));
  cursor->Advance();
  return value;
}

Status ReadLength(Cursor* cursor, TypeName* type) {
  if (!cursor->TakeSymbol("(")) return {};
  CDC_ASSIGN(type->length, Number(cursor, 1, 10485760));
  return cursor->NeedSymbol(")");
}

Status ReadPrecision(Cursor* cursor, TypeName* type) {
  if (!cursor->TakeSymbol("(")) return {};
  CDC_ASSIGN(type->precision, Number(cursor, 1, kMaxDecimalPrecision));
  if (cursor->TakeSymbol(",")) {
    CDC_ASSIGN(type->scale, Number(cursor, 0, type->precision));
  }
  return cursor->NeedSymbol(")");
}

Status ReadZone(Cursor* cursor, TypeName* type) {
  const bool with = cursor->IsWord("with");
  if (!with && !cursor->IsWord("without")) return {};
  const Position at = cursor->at();
  cursor->Advance();
  CDC_TRY(cursor->NeedWord("time"));
  CDC_TRY(cursor->NeedWord("zone"));
  if (!with) return {};
  if (type->word == TypeWord::kTime) return ErrorAt(at, "time with time zone is not supported");
  type->word = TypeWord::kTimestamptz;
  return {};
}

std::optional<TypeWord> Lookup(std::string_view word) {
  for (const Spelling& one : kSpellings) {
    if (one.word == word) return one.type;
  }
  return std::nullopt;
}

}  // namespace

Status Cursor::NeedWord(std::string_view word) {
  if (TakeWord(word)) return {};
  return Expected("'" + std::string(word) + "'");
}

Status Cursor::NeedSymbol(std::string_view symbol, std::string_view expected) {
  if (TakeSymbol(symbol)) return {};
  return Expected(expected.empty() ? "'" + std::string(symbol) + "'" : std::string(expected));
}

Error Cursor::Expected(std::string_view what) const {
  const std::string found = at_end() ? "the end of the expression" : "'" + token().text + "'";
  return ErrorAt(at(), "expected " + std::string(what) + ", found " + found);
}

Result<TypeName> ParseTypeName(Cursor* cursor) {
  const Token token = cursor->token();
  if (token.kind != TokenKind::kWord) return cursor->Expected("a type");
  TypeName type;
  if (token.text == "character" && cursor->ahead().text == "varying") {
    cursor->Advance();
    type.word = TypeWord::kVarchar;
  } else if (const auto word = Lookup(token.text)) {
    type.word = *word;
  } else {
    std::vector<std::string> known;
    for (const Spelling& one : kSpellings) known.emplace_back(one.word);
    return ErrorAt(token.at, "type \"" + token.text + "\" is not supported", DidYouMean(token.text, known));
  }
  cursor->Advance();
  if (token.text == "double") CDC_TRY(cursor->NeedWord("precision"));
  if (type.word == TypeWord::kVarchar) CDC_TRY(ReadLength(cursor, &type));
  if (type.word == TypeWord::kNumeric) CDC_TRY(ReadPrecision(cursor, &type));
  if (token.text == "timestamp" || token.text == "time") CDC_TRY(ReadZone(cursor, &type));
  return type;
}

}  // namespace cdc::expression
