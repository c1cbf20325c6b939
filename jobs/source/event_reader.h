#pragma once

/// \file jobs/source/event_reader.h
/// Rows and keys of events into rows and key hashes of the table, for the shape that events have now.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "jobs/source/event_facts.h"
#include "jobs/source/mapping.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/own_cells.h"
#include "jobs/source/row_reader.h"
#include "jobs/source/toast_doubts.h"
#include "lib/event/envelope.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// Not thread-safe.
class EventReader {
 public:
  /// \param mapping may be null \param declared names columns at the source; both outlive this
  EventReader(OpenBatch& batch, Mapping* mapping, const Declarations& declared);

  /// Rows have `columns` from now on, and the table the schema that it has. \param row, key what computes
  /// rows and keys, bound to the table; null: rows are the source's, keys cannot be computed
  void Learn(std::vector<event::SourceColumn> columns, std::unique_ptr<RowProgram> row,
             std::unique_ptr<RowProgram> key);
  /// Whether Learn() was called: rows can be read.
  bool ready() const { return rows_ != nullptr; }
  /// Keys can be read as well.
  bool reads_keys() const { return keys_ != nullptr; }
  RowReader& rows() { return *rows_; }
  /// Null: rows are the source's.
  const RowProgram* program() const { return program_.get(); }
  /// Null: rows are told apart by their keys.
  RowIdentity* identity() const { return identity_.get(); }
  bool by_content() const { return identity_ != nullptr; }

  EventContext& event() { return event_; }
  OwnCells& own_cells() { return own_cells_; }
  ToastDoubts& doubts() { return doubts_; }
  const event::Placeholder& placeholder() const { return placeholder_; }
  const std::vector<int>& key_columns() const { return key_columns_; }  ///< of the table's key, in its rows
  const std::vector<int>& source_columns() const { return source_columns_; }  ///< that come from the source …
  const std::vector<int>& other_columns() const { return other_columns_; }    ///< … and are not of the key

  /// Of a row of the batch.
  Hash128 KeyOfRow(uint32_t row) const { return (*row_hasher_)(batch_.fold.batch(), row); }
  rows::KeyHasher& row_hasher() { return *row_hasher_; }
  /// \param json a message's key; \param is_row true: a row that has the key's columns among others
  /// \return kBadValue: it has not all of them. The fold remembers the key's values.
  Result<Hash128> HashOfKey(std::string_view json, bool is_row);
  /// \return kBadValue: which row is deleted, the event does not say
  Result<Hash128> KeyOfDelete(const kafka::Message& message, const event::Envelope& envelope);

  /// Fills the columns that a job's own mapping derives, of the batch's last row.
  void Map(uint32_t row);
  /// The fold calls the mapping again when it has filled cells of a row. To be called for a fold that is new.
  void DeriveAnew();

 private:
  void SortColumns(const std::vector<int>& ours);
  void LearnKeys(std::vector<event::SourceColumn> columns);
  std::vector<std::string> NamesOfKey() const;

  OpenBatch& batch_;
  Mapping* mapping_;
  const Declarations& declared_;
  event::Placeholder placeholder_;
  event::EnvelopeParser parser_;  // of keys
  EventContext event_;            // that is being taken
  OwnCells own_cells_;
  ToastDoubts doubts_;
  std::unique_ptr<RowProgram> program_, key_program_;
  std::unique_ptr<RowReader> rows_, keys_;
  std::shared_ptr<RowIdentity> identity_;
  std::shared_ptr<const rows::Schema> key_schema_;
  std::unique_ptr<rows::Batch> key_batch_;  // one key, while it is read
  std::vector<int> key_batch_columns_;      // 0, 1, …
  std::unique_ptr<rows::KeyHasher> row_hasher_, key_hasher_;
  std::vector<int> key_columns_, source_columns_, other_columns_;
  std::vector<int> derived_columns_;
};

}  // namespace cdc::source
