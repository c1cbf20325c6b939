#pragma once

/// \file lib/verify/plan.h
/// Which columns of a source table and its copy are compared, and how. Pure.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/rows/type.h"
#include "lib/verify/side.h"

namespace cdc::verify {

/// A column of the copy, in Iceberg or in another PostgreSQL.
struct TargetColumn {
  std::string name;
  std::optional<rows::Type> type = {};  ///< in Iceberg
  SourceColumn server = {};             ///< otherwise
};

/// \param name_in_target of a source's column
/// \param key the copy's key, in its own names; empty: it has none
Plan MakePlan(const std::vector<SourceColumn>& source, const std::vector<TargetColumn>& target,
              const std::vector<std::string>& key,
              const std::function<std::string(const std::string&)>& name_in_target,
              const FormSettings& settings);

}  // namespace cdc::verify
