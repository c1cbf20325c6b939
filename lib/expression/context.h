#pragma once

/// \file lib/expression/context.h
/// What an expression may know of the event beside the row's columns: op(), lsn(), now() …

#include <array>
#include <cstdint>
#include <string_view>

#include "lib/rows/column.h"

namespace cdc::expression {

enum class ContextFunction : uint8_t {
  kOp,             ///< text: c, u, d or r
  kOperation,      ///< text: INSERT, UPDATE, DELETE or READ
  kEventTime,      ///< timestamptz
  kSourceTimeMs,   ///< bigint
  kLsn,            ///< bigint
  kKafkaTime,      ///< timestamptz
  kNow,            ///< timestamptz
  kIngestionTime,  ///< timestamptz
  kTableName,      ///< text
  kPipeline,       ///< text
};
inline constexpr size_t kContextFunctionCount = 10;

/// As it is written, without the brackets: "op", "source_time_ms".
std::string_view NameOf(ContextFunction function);
rows::Type TypeOf(ContextFunction function);

/// A set of context functions.
class ContextFunctions {
 public:
  constexpr ContextFunctions() = default;
  static constexpr ContextFunctions All() {
    ContextFunctions all;
    all.bits_ = (1U << kContextFunctionCount) - 1;
    return all;
  }
  constexpr void Add(ContextFunction f) { bits_ |= 1U << static_cast<unsigned>(f); }
  constexpr void Remove(ContextFunction f) { bits_ &= ~(1U << static_cast<unsigned>(f)); }
  constexpr bool has(ContextFunction f) const { return (bits_ >> static_cast<unsigned>(f) & 1U) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  uint32_t bits_ = 0;
};

/// Where a run finds a context function's values.
struct ContextSlot {
  /// Of type TypeOf(function); null: the function is null for every row. Not owned.
  const rows::Column* column = nullptr;
  /// Cell 0 is every row's; otherwise cell i belongs to row i of the batch.
  bool same_for_all = false;
};

struct Context {
  std::array<ContextSlot, kContextFunctionCount> slots{};
  ContextSlot& operator[](ContextFunction f) { return slots[static_cast<size_t>(f)]; }
  const ContextSlot& operator[](ContextFunction f) const { return slots[static_cast<size_t>(f)]; }
};

}  // namespace cdc::expression
