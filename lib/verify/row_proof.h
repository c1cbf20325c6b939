#pragma once

/// \file lib/verify/row_proof.h
/// Whether a table and its source have the same rows, while both may change: which rows are looked at again,
/// and when a difference is one. docs/decisions/0021.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/verify/row_marks.h"
#include "lib/verify/side.h"

namespace cdc::verify {

/// Whether the target has every change that the source's moment has.
enum class Coverage {
  kNo,     ///< records are on their way
  kQuiet,  ///< none is, but nothing says that all have been sent
  kProven  ///< replication is confirmed up to there, and the target has all records that there were then
};

/// Both sides, the source's moment being the earlier one.
struct Pair {
  std::unique_ptr<Side> source, target;
  Coverage coverage = Coverage::kNo;
};

/// What the proof needs from outside.
struct ProofPorts {
  /// Lets go of the pair before. \param wait for the target to cover the source, as long as there is time
  std::function<Result<Pair>(bool wait)> open;
  /// Runs both to their ends, at once if it likes. \param what is done, for people
  std::function<void(const std::string& what, Progress* source, Progress* target,
                     const std::function<void()>& of_source, const std::function<void()>& of_target)>
      both;
  std::function<bool()> is_time_up;  ///< no more waiting and looking again
};

struct ProofLimits {
  size_t rows = 20;           ///< rows that are shown
  int64_t marks = 2'000'000;  ///< rows that are kept in memory at once, 48 bytes each, twice
};

struct RowDifference {
  DifferenceKind kind = DifferenceKind::kChanged;
  RowTexts source, target;  ///< of all compared columns; empty: that side has no such row
  size_t source_rows = 0, target_rows = 0;
};

struct Proof {
  int64_t source_rows = 0, target_rows = 0;  ///< at the first look
  int64_t differences = 0;                   ///< keys
  bool proven = true;                        ///< of the differences: the target had all changes by then
  bool more = false;                         ///< some ranges that differ were not looked into
  int64_t unsettled = 0;  ///< keys that differed whenever they were looked at, but not alike, or too early
  int rounds = 1;
  std::vector<RowDifference> rows;

  bool equal() const { return differences == 0 && unsettled == 0 && !more; }
};

/// \param plan, hashing as both sides have them
Result<Proof> Prove(const ProofPorts& ports, const Plan& plan, const ProofLimits& limits);

/// Which compared columns' texts differ: positions in the plan. Empty: not both rows are there.
std::vector<size_t> DifferingColumns(const RowDifference& row);

}  // namespace cdc::verify
