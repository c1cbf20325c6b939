#pragma once

/// \file lib/expression/names.h
/// What an expression mentions, told without the columns of the row that it is for.

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/expression/syntax.h"

namespace cdc::expression {

/// The columns that it mentions, each once, in order of appearance.
std::vector<std::string> ColumnsOf(const Node& tree);

/// Whether it calls the function anywhere. \param name without the brackets
bool UsesFunction(const Node& tree, std::string_view name);

/// That every function exists and takes so many arguments; their types are not looked at.
/// \return kInvalidConfig, with line and column, as Compile() says it
Status CheckFunctions(const Node& tree);

}  // namespace cdc::expression
