#pragma once

/// \file lib/expression/code_internal.h
/// What a Program consists of.

#include <vector>

#include "lib/expression/context.h"
#include "lib/expression/lane_internal.h"

namespace cdc::expression {

using LaneId = uint32_t;

/// Fills a lane from the batch or from the event.
struct Load {
  LaneId out = 0;
  int column = -1;  ///< of the batch; -1: `function`
  ContextFunction function = ContextFunction::kOp;
};

struct Operation {
  Kernel kernel = nullptr;
  std::vector<LaneId> in;
  LaneId out = 0;
  int64_t a = 0, b = 0;
};

struct Code {
  std::vector<Lane> lanes;
  std::vector<Load> loads;
  std::vector<Operation> operations;
  LaneId result = 0;
  ValueType value_type;
  rows::Type type;
  bool nullable = true;
  std::vector<int> columns;
  ContextFunctions functions;
  Arena constants;                    ///< texts of constant lanes
  Arena scratch;                      ///< texts of the chunk
  std::vector<const Lane*> operands;  ///< of one call
};

void RunOperation(const Operation& operation, uint32_t rows, Arena* arena, Code* code);

}  // namespace cdc::expression
