#pragma once

/// \file lib/change/retyped.h
/// Columns whose type at the source is no longer the table's.

#include <string>
#include <vector>

#include "lib/rows/type.h"

namespace cdc::change {

/// A column whose rows must be written anew.
struct Retyped {
  std::string name;
  rows::Type from, to;
  friend bool operator==(const Retyped&, const Retyped&) = default;
};

/// "'amount' from decimal(12, 2) to string", for each.
std::string ToString(const std::vector<Retyped>& columns);

/// A hint: how rows get into the table whose old values have no exact counterpart in the new type.
/// \param entry of the table in tables.toml
std::string SnapshotAnew(const std::string& entry);

}  // namespace cdc::change
