#pragma once

/// \file lib/expression/value_type_internal.h
/// The types that parts of an expression have while it is compiled, and how PostgreSQL brings two together.

#include <optional>
#include <string>
#include <string_view>

#include "lib/expression/syntax.h"
#include "lib/rows/type.h"

namespace cdc::expression {

/// The numbers stand in the order in which PostgreSQL casts them implicitly, as do the times.
enum class Base : uint8_t {
  kUnknown,  ///< a text or null whose type the surroundings decide
  kBoolean,
  kInteger,
  kBigint,
  kNumeric,
  kReal,
  kDouble,
  kText,
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kUuid,
  kList,  ///< only whole columns and `is null`
};

struct ValueType {
  Base base = Base::kUnknown;
  /// kNumeric: whether all values fit decimal(whole + scale, scale); otherwise each has a scale of its own.
  bool fixed = false;
  int whole = 0;  ///< digits before the point, at most
  int scale = 0;
};

/// "integer", "double precision": as PostgreSQL's messages call it.
std::string_view NameOf(Base base);
std::string_view NameOf(TypeWord word);
Base BaseOf(TypeWord word);
ValueType FromRowsType(const rows::Type& type);
/// Nothing: a numeric whose scale is not fixed, or more than 38.
std::optional<rows::Type> ToRowsType(const ValueType& type);

inline bool IsNumber(Base base) { return base >= Base::kInteger && base <= Base::kDouble; }

/// PostgreSQL's implicit casts, those of a type to itself included.
bool CastsImplicitly(Base from, Base to);
/// What `case`, `coalesce`, `in` … bring `a` and `b` to, in that order; nothing: they do not match.
std::optional<Base> CommonBase(Base a, Base b);
/// What operators compare or add numbers in; nothing: no operator takes both.
std::optional<Base> OperatorBase(Base a, Base b);

/// Digits that hold every value of a number's type as numeric.
ValueType AsNumeric(const ValueType& type);
/// Digits that hold both.
ValueType Wider(const ValueType& a, const ValueType& b);

}  // namespace cdc::expression
