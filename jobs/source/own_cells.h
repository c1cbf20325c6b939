#pragma once

/// \file jobs/source/own_cells.h
/// Cells of the columns that the worker adds to a table (`metadata_columns`), filled from the event.

#include <vector>

#include "jobs/source/event_columns.h"
#include "jobs/source/event_facts.h"
#include "jobs/source/open_batch.h"
#include "lib/event/envelope.h"

namespace cdc::source {

/// Not thread-safe.
class OwnCells {
 public:
  /// \param event what expressions know of the event; outlives this
  OwnCells(OpenBatch& batch, EventContext* event);

  /// \return where the columns are in `table`
  std::vector<int> Bind(const rows::Schema& table);
  /// All columns that the source does not fill: what has no value in an event is null there.
  void SetPositions(std::vector<int> positions) { positions_ = std::move(positions); }

  /// Whether expressions are to be computed.
  bool has_expressions() const { return !expressions_.empty(); }
  /// Computes the expressions for the event as it is now. \return kBadValue: one of them has no value.
  Status Compute() { return expressions_.empty() ? Status{} : expressions_.Compute(); }
  /// Fills the cells of `row`, the batch's last one. \param op as Debezium writes it
  void Fill(uint32_t row, char op, const event::Envelope& envelope);

 private:
  void FillSource(const event::Envelope& envelope);

  OpenBatch& batch_;
  EventColumns expressions_;
  std::vector<int> positions_;
  // −1: the table has no such column
  int ingestion_time_ = -1, operation_ = -1, source_lsn_ = -1, source_time_ = -1, deleted_at_ = -1;
};

}  // namespace cdc::source
