#pragma once

/// \file lib/expression/strict_internal.h
/// The loop of every operation whose result is null where an operand is.

#include <utility>

#include "lib/expression/lane_internal.h"

namespace cdc::expression {

/// For each row whose operands (of the lanes' value types In…) all have a value: `f(operands…, &result)`,
/// a Reason; where that is not kNone, the row fails with call.failure.
template <typename Out, typename... In, typename F>
void Strict(Call& call, F f) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    Lane& out = *call.out;
    Out* const results = ValuesOf<Out>(out).data();
    const std::tuple values(ValuesOf<In>(*call.in[I]).data()...);
    const CellState* const cells[] = {call.in[I]->cells.data()...};
    const uint32_t masks[] = {call.in[I]->mask...};
    for (uint32_t row = 0; row < call.rows; ++row) {
      CellState cell = kValue;
      ((cell = Both(cell, cells[I][row & masks[I]])), ...);
      if (cell == kValue) {
        if (f(std::get<I>(values)[row & masks[I]]..., &results[row]) != Reason::kNone) {
          out.Fail(row, call.failure);
          continue;
        }
        out.cells[row] = kValue;
      } else if (cell != kFailed) {
        out.cells[row] = cell;
      } else {
        bool found = false;
        ((!found && cells[I][row & masks[I]] == kFailed
              ? (out.SpreadFrom(*call.in[I], row, kFailed), found = true)
              : false),
         ...);
      }
    }
  }
  (std::index_sequence_for<In...>());
}

/// A kernel of a function without state: `StrictKernel<Out, In…>(+f)` where f(call, operands…, &result).
template <auto kFunction, typename Out, typename... In>
void StrictKernel(Call& call) {
  Strict<Out, In...>(call, [&](const In&... in, Out* out) { return kFunction(call, in..., out); });
}

}  // namespace cdc::expression
