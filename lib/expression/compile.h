#pragma once

/// \file lib/expression/compile.h
/// A tree and a schema → a program: names resolved, types checked, casts made explicit, constants computed.
/// Step two of three.

#include "lib/expression/context.h"
#include "lib/expression/program.h"
#include "lib/expression/syntax.h"
#include "lib/rows/type.h"

namespace cdc::expression {

/// \param schema of the batches that the program will run on; columns are found by name
/// \param available context functions that the caller will give values for; using another one is an error
/// \return kInvalidConfig, with line and column: an unknown column or function (the hint names the nearest),
/// operands that no operator takes, a constant part that cannot be computed, a numeric result whose scale is
/// not the same for all rows; kUnsupported: the system lacks the locale C.UTF-8
Result<Program> Compile(const Node& tree, const rows::Schema& schema, ContextFunctions available);

/// Parse() and Compile().
Result<Program> Compile(std::string_view text, const rows::Schema& schema, ContextFunctions available);

}  // namespace cdc::expression
