#include "lib/verify/column_form.h"

#include <algorithm>
#include <array>

#include "lib/verify/sql_text.h"

namespace cdc::verify {
namespace {

using rows::TypeKind;

template <size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

FormChoice Use(std::string sql, CellForm form = CellForm::kPlain) {
  return {ColumnForm{std::move(sql), form}, {}};
}
FormChoice Refuse(std::string reason) { return {std::nullopt, std::move(reason)}; }

constexpr const char* kAsItIs = "{}::text";
constexpr const char* kDigits = "trim_scale({}::numeric)::text";
/// Months, days and microseconds: what an interval is made of.
constexpr const char* kMonths = "(extract(year from {})*12+extract(month from {}))::numeric";
constexpr const char* kDays = "extract(day from {})::numeric";
constexpr const char* kMicros =
    "((extract(hour from {})*60+extract(minute from {}))*60000000+extract(microseconds from {}))::numeric";
/// The nearest double, where there is one: others would end the query with an error.
constexpr const char* kNearest =
    "(CASE WHEN {}::numeric IN ('NaN', 0) OR abs({}::numeric) BETWEEN 1e-300 AND 1e308 THEN "
    "{}::numeric::float8::text "
    "ELSE {}::numeric::text END)";

bool IsInteger(std::string_view type) {
  static constexpr std::array<std::string_view, 4> kIntegers = {"int2", "int4", "int8", "oid"};
  return IsOneOf(type, kIntegers);
}
bool IsNumber(std::string_view type) { return type == "numeric" || type == "money"; }

FormChoice TextColumn(const SourceColumn& source, const FormSettings& settings) {
  static constexpr std::array<std::string_view, 7> kGeometric = {"point", "line",    "lseg",  "box",
                                                                 "path",  "polygon", "circle"};
  static constexpr std::array<std::string_view, 10> kOtherForm = {
      "date", "time", "timestamp", "float4", "float8", "bit", "varbit", "refcursor", "bool", "int2vector"};
  const std::string& type = source.type;
  if (IsNumber(type)) return Use(kDigits, CellForm::kNumber);
  if (type == "bpchar") return Use("textin(bpcharout({}))");  // a cast would cut its spaces off
  if (type == "inet") return Use("textin(inet_out({}))");     // a cast would add /32
  if (type == "timetz") return Use("({} AT TIME ZONE 'UTC')::time::text", CellForm::kTimetz);
  if (type == "timestamptz") return Use(kAsItIs, CellForm::kTimestamptz);
  if (type == "interval")
    return Use(std::string("(trim_scale(") + kMonths + ")||' '||trim_scale(" + kDays + ")||' '||trim_scale(" +
                   kMicros + "))",
               CellForm::kInterval);
  if (type == "hstore")
    return Use(QuotedName(source.schema) + ".hstore_to_jsonb({})::text", CellForm::kHstore);
  if (type == "bytea") {
    if (settings.binary == FormSettings::Binary::kHex) return Use("encode({}, 'hex')");
    if (settings.binary == FormSettings::Binary::kBase64Url)
      return Use("translate(encode({}, 'base64'), E'+/\\n', '-_')");
    return Use("translate(encode({}, 'base64'), E'\\n', '')");
  }
  if (IsOneOf(type, kGeometric)) return Refuse("Debezium's JSON of a geometry is not PostgreSQL's text");
  if (source.kind == 'c' || source.kind == 'm' || source.kind == 'd' || IsOneOf(type, kOtherForm))
    return Refuse("a text that is not PostgreSQL's");
  return Use(kAsItIs);
}

FormChoice BinaryColumn(const SourceColumn& source) {
  if (source.type == "bytea") return Use(kAsItIs);
  if (source.type == "bit" || source.type == "varbit") return Use("ltrim({}::text, '0')", CellForm::kBits);
  // What the name of an object is depends on the session that asks for it.
  if (source.type.starts_with("reg")) return Refuse("its text depends on the session that reads it");
  // include.unknown.datatypes
  return Use(kAsItIs, CellForm::kTextBytes);
}

FormChoice NumberColumn(const SourceColumn& source, TypeKind kind) {
  const std::string& type = source.type;
  if (kind == TypeKind::kDouble) {
    if (type == "float8") return Use(kAsItIs);
    if (type == "float4") return Use("{}::text::float8::text");
    if (IsNumber(type) || (IsInteger(type) && type != "oid")) return Use(kNearest);
  } else if (kind == TypeKind::kFloat) {
    if (type == "float4") return Use(kAsItIs);
  } else if (kind == TypeKind::kDecimal) {
    if (IsNumber(type) || (IsInteger(type) && type != "oid")) return Use(kDigits, CellForm::kNumber);
  } else {
    if (IsInteger(type)) return Use(kAsItIs);
    if (IsNumber(type)) return Use(kDigits);
    // Debezium's month is a twelfth of 365.25 days.
    if (type == "interval" && kind == TypeKind::kLong)
      return Use(std::string("trim_scale(") + kMonths + "*2629800000000+" + kDays + "*86400000000+" +
                 kMicros + ")::text");
  }
  return Refuse("another kind of number than the source's");
}

FormChoice TimeColumn(const SourceColumn& source, TypeKind kind, const FormSettings& settings) {
  const std::string& type = source.type;
  const bool cut = settings.to_the_millisecond;
  if (kind == TypeKind::kTimestamptz && type == "timestamptz") return Use(kAsItIs);  // isostring, whole
  if (kind == TypeKind::kDate && type == "date") return Use(kAsItIs);
  if (kind == TypeKind::kTimestamp && type == "timestamp")
    return Use(cut ? "date_trunc('milliseconds', {})::text" : kAsItIs);
  if (kind == TypeKind::kTimestamp && type == "date") return Use("{}::timestamp::text");
  if (kind == TypeKind::kTime && type == "time")
    return Use(cut ? "date_trunc('milliseconds', {})::time::text" : kAsItIs);
  return Refuse("another type than the source's");
}

FormChoice ScalarForm(const SourceColumn& source, TypeKind kind, const FormSettings& settings) {
  switch (kind) {
    case TypeKind::kBoolean:
      if (source.type == "bool") return Use(kAsItIs);
      if (source.type == "bit") return Use("({} = B'1')::text");
      return Refuse("another type than the source's");
    case TypeKind::kInt:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal: return NumberColumn(source, kind);
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return TimeColumn(source, kind, settings);
    case TypeKind::kString: return TextColumn(source, settings);
    case TypeKind::kUuid:
      return source.type == "uuid" ? Use(kAsItIs) : Refuse("another type than the source's");
    case TypeKind::kBinary: return BinaryColumn(source);
    case TypeKind::kList: break;
  }
  return Refuse("another type than the source's");
}

/// docs/types.md, "What Debezium loses"; empty: nothing.
std::string LostBy(const SourceColumn& source) {
  if (source.type == "name") return "Debezium sends null for a name while it streams";
  if (source.type == "int2vector" || source.type == "oidvector") return "Debezium sends an empty list for it";
  if (source.array && source.type == "bit") return "Debezium sends null for it";
  return {};
}

/// The elements, counted from 1 whatever the array's bounds are: those are not sent.
FormChoice ArrayForm(const SourceColumn& source, FormChoice element) {
  if (!element.form) return element;
  const bool whole = element.form->sql == kAsItIs && source.type != "bool";
  if (whole) {
    element.form->sql =
        "(CASE WHEN array_ndims({}) = 1 AND array_lower({}, 1) <> 1 THEN ARRAY(SELECT unnest({}))::text ELSE "
        "{}::text END)";
    return element;
  }
  if (source.type == "bpchar" || source.type == "inet") {
    element.form->sql = kAsItIs;  // array_out writes elements as they are
    return element;
  }
  element.form->sql = "(CASE WHEN {} IS NOT NULL THEN ARRAY(SELECT " + WithColumn(element.form->sql, "u.e") +
                      " FROM unnest({}) AS u(e))::text END)";
  return element;
}

}  // namespace

FormChoice ChooseForm(const SourceColumn& source, const rows::Type& type, const FormSettings& settings) {
  if (std::string lost = LostBy(source); !lost.empty()) return Refuse(std::move(lost));
  const bool list = type.kind == TypeKind::kList;
  if (!list && source.array && type.kind == TypeKind::kBinary) {
    SourceColumn whole = source;
    whole.type = "array";
    return BinaryColumn(whole);
  }
  if (list != source.array) return Refuse("an array in a column that is none, or the other way round");
  if (!list) return ScalarForm(source, type.kind, settings);
  if (type.element == TypeKind::kBinary && source.type != "bytea")
    return Refuse("Debezium sends other bytes for its elements");
  return ArrayForm(source, ScalarForm(source, type.element, settings));
}

FormChoice ChooseForm(const SourceColumn& source, const SourceColumn& target) {
  static constexpr std::array<std::string_view, 3> kTexts = {"text", "varchar", "citext"};
  static constexpr std::array<std::string_view, 3> kWhole = {"int2", "int4", "int8"};
  if (std::string lost = LostBy(source); !lost.empty()) return Refuse(std::move(lost));
  const bool same = source.type == target.type && source.array == target.array;
  const bool alike =
      source.array == target.array && ((IsOneOf(source.type, kTexts) && IsOneOf(target.type, kTexts)) ||
                                       (IsOneOf(source.type, kWhole) && IsOneOf(target.type, kWhole)));
  if (!same && !alike)
    return Refuse("the target's type is " + target.type + (target.array ? "[]" : "") + ", the source's is " +
                  source.type + (source.array ? "[]" : ""));
  if (source.array) return Use(kAsItIs);
  if (IsNumber(source.type)) return Use(kDigits);
  if (source.type == "bpchar") return Use("textin(bpcharout({}))");
  return Use(kAsItIs);
}

}  // namespace cdc::verify
