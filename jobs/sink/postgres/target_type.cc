#include "jobs/sink/postgres/target_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace cdc::postgres_sink {
namespace {

using rows::TypeKind;

std::string_view WithoutList(std::string_view words, bool* list) {
  *list = words.ends_with("[]");
  if (*list) words.remove_suffix(2);
  return words;
}

/// "numeric(12,2)" → "numeric", "timestamp(3) without time zone" → "timestamp without time zone".
std::string BaseOf(std::string_view words) {
  std::string base(words);
  const size_t open = base.find('('), close = base.find(')');
  if (open != base.npos && close != base.npos && close > open) base.erase(open, close - open + 1);
  std::transform(base.begin(), base.end(), base.begin(), [](unsigned char c) { return std::tolower(c); });
  while (!base.empty() && base.back() == ' ') base.pop_back();
  return base;
}

int LengthOf(std::string_view words) {
  const size_t open = words.find('(');
  int length = 1;
  if (open != words.npos) std::from_chars(words.data() + open + 1, words.data() + words.size(), length);
  return length;
}

template <size_t N>
bool IsOneOf(std::string_view base, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), base) != names.end();
}

/// Whether every cell of `kind`, written as PostgreSQL's text of that kind, is a value of the type. A text may
/// be of any type: the source wrote it.
bool Takes(std::string_view base, TypeKind kind) {
  static constexpr std::array<std::string_view, 9> kIntegers = {
      "smallint", "integer", "bigint", "int2", "int4", "int8", "int", "oid", "numeric"};
  static constexpr std::array<std::string_view, 2> kDecimals = {"numeric", "decimal"};
  switch (kind) {
    case TypeKind::kBoolean: return base == "boolean" || base == "bool" || base == "bit";
    case TypeKind::kInt:
    case TypeKind::kLong: return IsOneOf(base, kIntegers);
    case TypeKind::kFloat: return base == "real" || base == "float4" || base == "double precision";
    case TypeKind::kDouble: return base == "double precision" || base == "float8" || base == "float";
    case TypeKind::kDecimal: return IsOneOf(base, kDecimals) || base == "money";
    case TypeKind::kDate: return base == "date";
    case TypeKind::kTime: return base == "time" || base == "time without time zone";
    case TypeKind::kTimestamp: return base == "timestamp" || base == "timestamp without time zone";
    case TypeKind::kTimestamptz: return base == "timestamptz" || base == "timestamp with time zone";
    case TypeKind::kUuid: return base == "uuid";
    case TypeKind::kBinary: return base == "bytea" || base == "bit";
    case TypeKind::kString: break;
    case TypeKind::kList: return false;
  }
  // Debezium's text of these is not what PostgreSQL reads: JSON, the money sign's locale, geometry as an object.
  static constexpr std::array<std::string_view, 12> kOtherForm = {
      "hstore", "money", "point", "line", "lseg", "box", "path", "polygon", "circle", "bytea", "bit", "bit varying"};
  return !IsOneOf(base, kOtherForm);
}

}  // namespace

std::string WordsOf(const rows::Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kInt: return "integer";
    case TypeKind::kLong: return "bigint";
    case TypeKind::kFloat: return "real";
    case TypeKind::kDouble: return "double precision";
    case TypeKind::kDecimal:
      return "numeric(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeKind::kDate: return "date";
    case TypeKind::kTime: return "time without time zone";
    case TypeKind::kTimestamp: return "timestamp without time zone";
    case TypeKind::kTimestamptz: return "timestamp with time zone";
    case TypeKind::kString: return "text";
    case TypeKind::kUuid: return "uuid";
    case TypeKind::kBinary: return "bytea";
    case TypeKind::kList: return WordsOf(type.element_type()) + "[]";
  }
  return "text";
}

bool AreWordsOfType(std::string_view words) {
  return !words.empty() && std::all_of(words.begin(), words.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 || std::string_view(" _()[],.\"-").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Form FormFor(const rows::Type& type, std::string_view words, int* bits) {
  const std::string base = BaseOf(words);
  *bits = 0;
  if (base != "bit") return Form::kPlain;
  *bits = LengthOf(words);
  if (type.kind == TypeKind::kBinary) return Form::kBits;
  return type.kind == TypeKind::kBoolean ? Form::kBit : Form::kPlain;
}

TargetType TypeFor(const rows::Field& field, bool exists) {
  TargetType target;
  bool list = false;
  const std::string_view words = WithoutList(field.source_type, &list);
  const bool is_list = field.type.kind == TypeKind::kList;
  const TypeKind kind = is_list ? field.type.element : field.type.kind;
  const std::string base = BaseOf(words);
  // Lists of bits have no form of their own, and a text may hold an array whole.
  const bool fits = list == is_list && Takes(base, kind) && !(is_list && base == "bit");
  if (!exists || !AreWordsOfType(words) || !fits) {
    target.words = WordsOf(field.type);
    return target;
  }
  target.words = field.source_type;
  target.form = FormFor(field.type, target.words, &target.bits);
  return target;
}

}  // namespace cdc::postgres_sink
