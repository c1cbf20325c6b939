#pragma once

/// \file jobs/source/key_columns.h
/// Which columns identify a row: of a table that is made, and whether the events are still keyed by them.

#include <set>
#include <string>
#include <vector>

#include "jobs/source/key_form.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/row_program.h"
#include "jobs/source/source_columns.h"
#include "lib/event/envelope.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// Not thread-safe.
class KeyColumns {
 public:
  KeyColumns(const OpenBatch& batch, const SourceColumns& columns) : batch_(batch), columns_(columns) {}

  /// Rows have these columns from now on.
  void Learn(const std::vector<event::SourceColumn>& columns);
  /// \param message of the table's first event \param program what computes rows; null: they are the source's
  /// \return names in the table; empty: rows are told apart by their content, as REPLICA IDENTITY FULL sends
  /// it
  Result<std::vector<std::string>> OfNewTable(const kafka::Message& message, const RowProgram* program) const;
  /// \return kUnsupported: the key changed at the source, or is gone
  Status Check(const kafka::Message& message, const event::Envelope& envelope, const RowProgram* program,
               bool by_content);

 private:
  const OpenBatch& batch_;
  const SourceColumns& columns_;
  std::set<std::string> row_names_;  // of the rows' columns, at the source
  KeyForm form_;
};

}  // namespace cdc::source
