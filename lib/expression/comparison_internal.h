#pragma once

/// \file lib/expression/comparison_internal.h
/// The order of values of one type.

#include <cmath>
#include <cstring>

#include "lib/expression/lane_internal.h"

namespace cdc::expression {

/// -1, 0 or 1.
inline int Order(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }
/// NaN equals itself and is larger than every other number, as in PostgreSQL.
inline int Order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return (std::isnan(a) ? 1 : 0) - (std::isnan(b) ? 1 : 0);
  return a < b ? -1 : a > b ? 1 : 0;
}
inline int Order(const Numeric& a, const Numeric& b) { return Compare(a, b); }
/// By bytes, which in UTF-8 is by code point: the collation C.UTF-8.
inline int Order(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace cdc::expression
