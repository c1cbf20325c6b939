#include "lib/event/pg_type.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "lib/core/decimal.h"
#include "lib/event/unchanged_value.h"

namespace cdc::event {
namespace {

using rows::Type;
using rows::TypeKind;

/// "character varying(20) [ ]" → base "character varying", arguments {20}, array.
struct Words {
  std::string base;
  std::vector<int> arguments;
  bool array = false;
};

bool ParseWords(std::string_view text, Words* out) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const auto cut = [&](std::string_view tail) {
    if (lower.size() < tail.size() || lower.compare(lower.size() - tail.size(), tail.size(), tail) != 0)
      return false;
    lower.resize(lower.size() - tail.size());
    return true;
  };
  while (!lower.empty() && lower.back() == ' ') lower.pop_back();
  out->array = cut("[]") || cut(" array");
  if (const size_t open = lower.find('('); open != std::string::npos) {
    const size_t close = lower.find(')', open);
    if (close == std::string::npos) return false;
    const char* at = lower.data() + open + 1;
    const char* const end = lower.data() + close;
    while (at < end) {
      while (at < end && (*at == ' ' || *at == ',')) ++at;
      int value;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error != std::errc()) return false;
      out->arguments.push_back(value);
      at = next;
      while (at < end && *at == ' ') ++at;
      if (at < end && *at != ',') return false;
    }
    lower.erase(open, close - open + 1);
  }
  for (const char c : lower) {
    if (c == ' ' && (out->base.empty() || out->base.back() == ' ')) continue;
    out->base += c;
  }
  while (!out->base.empty() && out->base.back() == ' ') out->base.pop_back();
  return !out->base.empty();
}

enum class Family {
  kBoolean,
  kSmall,
  kLong,
  kFloat,
  kDouble,
  kNumeric,
  kMoney,
  kText,
  kUuid,
  kBytes,
  kBit,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kInterval
};

const std::map<std::string, Family, std::less<>>& Families() {
  static const std::map<std::string, Family, std::less<>> families = {
      {"boolean", Family::kBoolean},
      {"bool", Family::kBoolean},
      {"smallint", Family::kSmall},
      {"int2", Family::kSmall},
      {"integer", Family::kSmall},
      {"int", Family::kSmall},
      {"int4", Family::kSmall},
      {"serial", Family::kSmall},
      {"smallserial", Family::kSmall},
      {"bigint", Family::kLong},
      {"int8", Family::kLong},
      {"bigserial", Family::kLong},
      {"oid", Family::kLong},
      {"real", Family::kFloat},
      {"float4", Family::kFloat},
      {"double precision", Family::kDouble},
      {"float8", Family::kDouble},
      {"float", Family::kDouble},
      {"numeric", Family::kNumeric},
      {"decimal", Family::kNumeric},
      {"money", Family::kMoney},
      {"text", Family::kText},
      {"varchar", Family::kText},
      {"character varying", Family::kText},
      {"char", Family::kText},
      {"\"char\"", Family::kText},
      {"character", Family::kText},
      {"bpchar", Family::kText},
      {"citext", Family::kText},
      {"name", Family::kText},
      {"json", Family::kText},
      {"jsonb", Family::kText},
      {"xml", Family::kText},
      {"inet", Family::kText},
      {"cidr", Family::kText},
      {"macaddr", Family::kText},
      {"macaddr8", Family::kText},
      {"hstore", Family::kText},
      {"ltree", Family::kText},
      {"tsvector", Family::kText},
      {"enum", Family::kText},
      {"int4range", Family::kText},
      {"int8range", Family::kText},
      {"numrange", Family::kText},
      {"tsrange", Family::kText},
      {"tstzrange", Family::kText},
      {"daterange", Family::kText},
      {"timetz", Family::kText},
      {"time with time zone", Family::kText},
      {"string", Family::kText},
      {"uuid", Family::kUuid},
      {"bytea", Family::kBytes},
      {"bit", Family::kBit},
      {"bit varying", Family::kBit},
      {"varbit", Family::kBit},
      {"date", Family::kDate},
      {"time", Family::kTime},
      {"time without time zone", Family::kTime},
      {"timestamp", Family::kTimestamp},
      {"timestamp without time zone", Family::kTimestamp},
      {"timestamptz", Family::kTimestamptz},
      {"timestamp with time zone", Family::kTimestamptz},
      {"interval", Family::kInterval},
  };
  return families;
}

Error Unknown(const std::string& name, std::string_view words) {
  return Error{
      ErrorKind::kInvalidConfig,
      "column '" + name + "': '" + std::string(words) + "' is not a PostgreSQL type this program can keep",
      "use e.g. \"bigint\", \"numeric(12,2)\", \"timestamp\", \"text\", \"int[]\""};
}

Wire BinaryWire(BinaryHandling handling) {
  switch (handling) {
    case BinaryHandling::kBase64Url: return Wire::kBase64Url;
    case BinaryHandling::kHex: return Wire::kHex;
    default: return Wire::kBase64;
  }
}

void SetNumeric(const Words& words, const Handling& handling, SourceColumn* column) {
  constexpr Wire kWires[] = {Wire::kDecimalBytes, Wire::kDecimalText, Wire::kDecimalNumber};
  column->wire = kWires[static_cast<int>(handling.decimal)];
  if (words.arguments.empty()) {
    if (handling.decimal == DecimalHandling::kPrecise) column->wire = Wire::kVariableDecimal;
    column->type = Type::Of(TypeKind::kString);
    return;
  }
  const int precision = words.arguments[0], scale = words.arguments.size() > 1 ? words.arguments[1] : 0;
  // PostgreSQL's scale may exceed the precision, Iceberg's may not: numeric(3,5) is a decimal(5,5).
  const int digits = scale < 0 ? precision - scale : std::max(precision, scale);
  if (precision < 1 || digits > kMaxDecimalPrecision || scale < -1000) {
    column->type = Type::Of(TypeKind::kString);
    column->scale = scale;
    return;
  }
  column->type = Type::Decimal(digits, std::max(scale, 0));
  // Debezium reads a negative scale's 11 bits in the type modifier as unsigned.
  column->scale = scale < 0 ? scale & 0x7ff : scale;
}

void SetTemporal(Family family, const Words& words, TimePrecision mode, SourceColumn* column) {
  const bool coarse = !words.arguments.empty() && words.arguments[0] <= 3;
  const bool by_precision =
      mode == TimePrecision::kAdaptive ||
      (mode == TimePrecision::kAdaptiveTimeMicroseconds && family == Family::kTimestamp);
  const bool millis = mode == TimePrecision::kConnect || (by_precision && coarse);
  const bool iso = mode == TimePrecision::kIsoString, nanos = mode == TimePrecision::kNanoseconds;
  if (family == Family::kDate) {
    column->wire = iso ? Wire::kIsoDate : Wire::kDays;
    column->type = Type::Of(TypeKind::kDate);
  } else if (family == Family::kTime) {
    column->wire = iso      ? Wire::kIsoTime
                   : nanos  ? Wire::kNanosOfDay
                   : millis ? Wire::kMillisOfDay
                            : Wire::kMicrosOfDay;
    column->type = Type::Of(TypeKind::kTime);
  } else if (family == Family::kTimestamp) {
    column->wire = iso      ? Wire::kIsoTimestamp
                   : nanos  ? Wire::kEpochNanos
                   : millis ? Wire::kEpochMillis
                            : Wire::kEpochMicros;
    column->type = Type::Of(TypeKind::kTimestamp);
  } else {
    column->wire = Wire::kIsoInstant;
    column->type = Type::Of(TypeKind::kTimestamptz);
  }
}

void SetFamily(Family family, const Words& words, const Handling& handling, SourceColumn* column) {
  const auto set = [&](Wire wire, TypeKind kind) {
    column->wire = wire;
    column->type = Type::Of(kind);
  };
  switch (family) {
    case Family::kBoolean: set(Wire::kBoolean, TypeKind::kBoolean); break;
    case Family::kSmall: set(Wire::kInteger, TypeKind::kInt); break;
    case Family::kLong: set(Wire::kInteger, TypeKind::kLong); break;
    case Family::kFloat: set(Wire::kFloat, TypeKind::kFloat); break;
    case Family::kDouble: set(Wire::kFloat, TypeKind::kDouble); break;
    case Family::kText: set(Wire::kText, TypeKind::kString); break;
    case Family::kUuid: set(Wire::kUuid, TypeKind::kUuid); break;
    case Family::kBytes: set(BinaryWire(handling.binary), TypeKind::kBinary); break;
    case Family::kBit: {
      const bool single = words.base == "bit" && (words.arguments.empty() || words.arguments[0] == 1);
      if (single)
        set(Wire::kBoolean, TypeKind::kBoolean);
      else
        set(Wire::kBase64, TypeKind::kBinary);  // whatever binary.handling.mode says of bytea
      break;
    }
    case Family::kMoney:
      set(handling.decimal == DecimalHandling::kPrecise ? Wire::kDecimalBytes : Wire::kDecimalText,
          TypeKind::kString);
      if (handling.decimal == DecimalHandling::kDouble) column->wire = Wire::kDecimalNumber;
      column->type = Type::Decimal(kMaxDecimalPrecision, 2);
      column->scale = 2;
      break;
    case Family::kNumeric: return SetNumeric(words, handling, column);
    case Family::kInterval:
      // The wire form depends on interval.handling.mode; text takes either as it stands.
      set(Wire::kAnything, TypeKind::kString);
      break;
    case Family::kDate:
    case Family::kTime:
    case Family::kTimestamp:
    case Family::kTimestamptz: SetTemporal(family, words, handling.time, column); break;
  }
}

}  // namespace

Result<SourceColumn> ColumnOfPgType(std::string name, std::string_view text, const Handling& handling,
                                    bool strict) {
  SourceColumn column;
  column.name = std::move(name);
  Words words;
  if (!ParseWords(text, &words)) return Unknown(column.name, text);
  const auto family = Families().find(words.base);
  if (family == Families().end() && strict) return Unknown(column.name, text);
  SetFamily(family == Families().end() ? Family::kText : family->second, words, handling, &column);
  column.unchanged = UnchangedOfType(words.base, words.array, handling);
  // An interval may be a text or a count of microseconds: its words do not say what the cell holds.
  if (family == Families().end() || family->second != Family::kInterval) column.source_type = text;
  if (words.array) {
    column.element = column.wire;
    column.wire = Wire::kArray;
    column.type = Type::ListOf(column.type);
  }
  return column;
}

Result<SourceColumn> Override(const SourceColumn& from_schema, const SourceColumn& declared,
                              std::string_view words) {
  SourceColumn column = from_schema;
  column.problem.clear();
  column.hint.clear();
  column.type = declared.type;
  column.source_type = declared.source_type;
  if (column.unchanged == Unchanged::kUnsure) column.unchanged = declared.unchanged;
  // A text whose schema says no more may be any form that its declaration reads.
  if (column.wire == Wire::kText && declared.type.kind != rows::TypeKind::kString) {
    column.wire = declared.type.kind == rows::TypeKind::kDecimal ? Wire::kDecimalText : declared.wire;
  }
  if (column.wire == Wire::kArray && column.element == Wire::kText && declared.wire == Wire::kArray &&
      declared.type.element != rows::TypeKind::kString) {
    column.element =
        declared.type.element == rows::TypeKind::kDecimal ? Wire::kDecimalText : declared.element;
  }
  if (!IsConvertible(column, declared.type)) {
    const bool as_text = IsConvertible(column, Type::Of(TypeKind::kString));
    return Error{ErrorKind::kInvalidConfig,
                 "column '" + column.name + "' cannot be kept as \"" + std::string(words) +
                     "\": its events carry another form",
                 as_text ? "remove the line or use \"text\""
                         : "remove the line: its events alone are not enough to print it as text"};
  }
  return column;
}

}  // namespace cdc::event
