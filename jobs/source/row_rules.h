#pragma once

/// \file jobs/source/row_rules.h
/// What a table's rows are to be, in the configuration's words: select, where, counts, and the events' time.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cdc::source {

/// A column of the table and the expression over the source's row that fills it.
struct SelectedColumn {
  std::string name;
  std::string expression;
  friend bool operator==(const SelectedColumn&, const SelectedColumn&) = default;
};

struct CountRules {
  std::chrono::milliseconds window{0};
  std::vector<SelectedColumn> by;
};

struct RowRules {
  std::optional<std::vector<SelectedColumn>> select;  ///< nothing: the source's columns
  std::string where;                                  ///< empty: every row
  std::optional<CountRules> counts;                   ///< windowed counts in place of rows
  bool plain = false;                                 ///< envelope = "plain": old images are whole rows
  std::string event_time;                             ///< where the event has its own time; empty: nowhere
  std::optional<std::chrono::milliseconds> lateness;  ///< nothing: no event is late
  bool by_event_time = false;                         ///< order_by = "event_time"
  bool soft_deletes = false;                          ///< a removed row stays and is marked

  /// Rows are computed; otherwise they are the source's as they come.
  bool computes() const { return select.has_value() || !where.empty() || counts.has_value(); }
  /// A removal writes a row that marks it. Without a program the sink marks rows by itself.
  bool marks_rows() const { return soft_deletes && computes(); }
};

// Columns of a table of counts, beside its groups.
inline constexpr const char* kWindowStart = "window_start";
inline constexpr const char* kCount = "n";

}  // namespace cdc::source
