#pragma once

/// \file jobs/sink/postgres/row_writer.h
/// Applies a fold to the target table, within the caller's transaction.
///
/// Rows are copied into a temporary table of the session and go from there into the target with one INSERT …
/// ON CONFLICT, one UPDATE for each set of columns that were not sent, and one DELETE. Rows that cannot be
/// there yet are copied into the target itself. ../docs/decisions/0017 has the figures.

#include <functional>
#include <string>
#include <vector>

#include "jobs/sink/postgres/settings.h"
#include "jobs/sink/postgres/target_table.h"
#include "jobs/worker/words.h"
#include "lib/postgres/session.h"

namespace cdc::postgres_sink {

/// What the writer must know of the table. A new one after every change of the schema.
struct WriterTable {
  const TargetTable* target = nullptr;
  std::vector<rows::Field> fields;    ///< of the fold's batches
  std::vector<TargetType> types;      ///< of the target's columns, in that order
  std::vector<std::string> key;       ///< empty: every row is a new one
  bool soft_deletes = false;          ///< rows stay, and `marks` say so
  SoftMarks marks = {};
  std::string order_column = {};  ///< as in Settings
};

struct Applied {
  int64_t rows = 0;     ///< written
  int64_t deletes = 0;  ///< rows of the table that were removed
};

/// Not thread-safe.
class RowWriter {
 public:
  explicit RowWriter(WriterTable table);

  /// Makes the session's temporary tables. Once for each session, outside of a transaction.
  Status Prepare(postgres::Session* session) const;

  /// \param into_target rows are copied into the target itself: none of their keys is there. Only where
  /// `fold` removes nothing. \return kConflict: one of them is; kTransient also where a row that was to be
  /// updated is gone; others as Session::Run(). The transaction has failed then.
  Result<Applied> Apply(const worker::Fold& fold, bool into_target, postgres::Session* session);

  /// Puts the keys into the temporary table `cdc_keys` (n, key columns), n counted from 0.
  /// \param keys each KeyRow::known()
  Status CopyKeys(const std::vector<rows::KeyRow>& keys, postgres::Session* session);
  /// SELECT of n where the target has a row of the key; of n and all columns.
  std::string FindStatement() const;
  std::string ReadStatement() const;
  /// Appends a row that ReadStatement() gave. \param from the first cell that is a column's
  /// \return kCorrupt: a value that is none of its column's type.
  Status AppendRow(const std::vector<std::optional<std::string>>& cells, size_t from, rows::Batch* to) const;

 private:
  using RowNumbers = std::vector<uint32_t>;
  Status CopyRows(const worker::Fold& fold, const std::vector<std::pair<int, RowNumbers>>& groups,
                  const std::string& into, bool numbered, postgres::Session* session);
  Status Flush(size_t least, postgres::Session* session);
  Result<int64_t> Truncate(postgres::Session* session) const;
  Result<int64_t> Remove(const worker::Fold& fold, postgres::Session* session);
  Status Upsert(postgres::Session* session) const;
  Status Update(const std::vector<int>& missing, int group, size_t rows, postgres::Session* session) const;
  std::string SameKey(const std::string& a, const std::string& b) const;
  std::string IsNewer(const std::string& row) const;
  std::string Marking() const;

  WriterTable table_;
  std::vector<std::string> names_;  // of the fields
  std::string lines_;               // of COPY, not sent yet
};

}  // namespace cdc::postgres_sink
