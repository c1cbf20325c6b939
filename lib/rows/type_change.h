#pragma once

/// \file lib/rows/type_change.h
/// What becomes of a table's column whose source column has another type. Pure.

#include <string>

#include "lib/rows/type.h"

namespace cdc::rows {

enum class Change {
  kNone,     ///< the column holds every value of the source, old ones too
  kPromote,  ///< Iceberg widens the column; its files stay
  kRewrite,  ///< old values are cast (cast.h), for which the data files are written anew
  kCannot,   ///< no cast gives for certain what the source has now
};

struct TypeChange {
  Change what = Change::kNone;
  Type to;          ///< the column's type afterwards
  std::string why;  ///< kCannot: the reason, to follow "… cannot be cast: "
};

/// \param column the table's type \param source what a column made today would have
TypeChange DecideTypeChange(const Type& column, const Type& source);

}  // namespace cdc::rows
