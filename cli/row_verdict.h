#pragma once

/// \file cli/row_verdict.h
/// What two row counts say about each other: `cdc verify`'s judgement, without I/O.

#include <cstdint>
#include <optional>
#include <string>

namespace cdc::cli {

/// Nothing: there is no such table; lag: unknown.
struct RowCounts {
  std::optional<int64_t> source = {};
  std::optional<int64_t> target = {};
  std::optional<int64_t> lag = {};  ///< records in Kafka that the target does not have yet
};

/// Equal: also a table without rows that has no table yet. Behind: they differ, but changes are on
/// their way, or the source changes while it is looked at. Missing: one of the two does not exist. Append:
/// such a table holds all changes, not the rows. Computed: some rows are left out, or they are counts.
/// Unknown: it could not be counted.
enum class Verdict { kEqual, kDiffers, kBehind, kMissing, kAppend, kComputed, kUnknown };
const char* ToString(Verdict verdict);

/// \param before an earlier look, if there was one
Verdict Judge(const RowCounts& now, const std::optional<RowCounts>& before);

/// target − source; nothing: one is missing.
std::optional<int64_t> Difference(const RowCounts& counts);

}  // namespace cdc::cli
