#pragma once

/// \file jobs/source/event_columns.h
/// Columns of `metadata_columns` that are filled by an expression over the event.

#include <vector>

#include "jobs/source/column_names.h"
#include "jobs/source/event_facts.h"
#include "lib/expression/program.h"
#include "lib/rows/batch.h"

namespace cdc::source {

/// Not thread-safe.
class EventColumns {
 public:
  /// \param columns all of the worker's own; those with a value of their own kind are passed over
  /// \param event is told what it must know; outlives this
  EventColumns(const std::vector<OwnColumn>& columns, EventContext* event);

  bool empty() const { return columns_.empty(); }
  /// Before rows are appended to batches of `table`. \return the positions of these columns in it
  std::vector<int> Bind(const rows::Schema& table);
  /// For the event as it is now. \return kBadValue: a value cannot be computed.
  Status Compute();
  /// Appends the values to the columns of a row.
  void Append(rows::Batch* batch) const;

 private:
  struct Column {
    std::string name;
    expression::Program program;
    rows::Column value;  // one cell
    int at = -1;
  };
  std::vector<Column> columns_;
  const EventContext* event_;
};

}  // namespace cdc::source
