#include "lib/event/unchanged_value.h"

#include <algorithm>
#include <array>

namespace cdc::event {
namespace {

template <size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

/// Elements of the arrays that have a mark.
constexpr std::array<std::string_view, 19> kMarkedElements = {
    "text", "varchar", "character varying", "bpchar", "character", "char",   "string",
    "json", "jsonb",   "integer",           "int",    "int4",      "serial", "bigint",
    "int8", "uuid",    "bigserial",         "date",   "bytea"};

/// Types without a mark whose values grow beyond what a row holds. Bits are few as a rule, but not always.
constexpr std::array<std::string_view, 12> kUnmarked = {"numeric",   "decimal", "bit",      "bit varying",
                                                        "varbit",    "path",    "polygon",  "vector",
                                                        "sparsevec", "halfvec", "geometry", "geography"};

}  // namespace

Unchanged UnchangedOfType(std::string_view base, bool array, const Handling& handling) {
  if (!array) {
    if ((base == "numeric" || base == "decimal") && handling.decimal == DecimalHandling::kString)
      return Unchanged::kMarked;
    return IsOneOf(base, kUnmarked) ? Unchanged::kNull : Unchanged::kMarked;
  }
  if (!IsOneOf(base, kMarkedElements)) return Unchanged::kNull;
  // Their marks are numbers and bytes, which do not fit what elements are in these modes.
  const bool odd_date =
      handling.time == TimePrecision::kConnect || handling.time == TimePrecision::kIsoString;
  if (base == "date" && odd_date) return Unchanged::kNull;
  if (base == "bytea" && handling.binary != BinaryHandling::kBytes) return Unchanged::kNull;
  return Unchanged::kMarked;
}

Unchanged UnchangedOfSchema(std::string_view name, std::string_view type, bool array) {
  if (!array) {
    const bool unmarked = name == "io.debezium.data.VariableScaleDecimal" ||
                          name == "io.debezium.data.Bits" || name == "io.debezium.data.geometry.Geometry" ||
                          name == "io.debezium.data.geometry.Geography" ||
                          name == "io.debezium.data.SparseDoubleVector";
    return unmarked ? Unchanged::kNull : Unchanged::kMarked;
  }
  if (name == "io.debezium.data.Json" || name == "io.debezium.data.Uuid" || name == "io.debezium.time.Date")
    return Unchanged::kMarked;
  if (!name.empty()) return Unchanged::kNull;
  // text[] has a mark, but inet[], ranges, citext[] and others look the same here.
  if (type == "string") return Unchanged::kUnsure;
  return type == "int32" || type == "int64" || type == "bytes" ? Unchanged::kMarked : Unchanged::kNull;
}

}  // namespace cdc::event
