#pragma once

/// \file jobs/sink/postgres/old_rows.h
/// Rows as the target has them: whether they are there, and values that events left out.

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "jobs/sink/postgres/link.h"
#include "jobs/sink/postgres/row_writer.h"
#include "jobs/worker/words.h"

namespace cdc::postgres_sink {

/// Not thread-safe. Each call is a transaction of its own that only reads the target.
class OldRows {
 public:
  /// \param link, writer outlive this
  OldRows(Link* link, RowWriter* writer) : link_(link), writer_(writer) {}

  /// Which of the keys have a row. \param keys each KeyRow::known()
  Result<std::vector<bool>> Find(const std::vector<rows::KeyRow>& keys);

  /// Appends the rows of the keys to `found`, a batch of the table's columns, in any order.
  /// \return for each key the row in `found`; nothing: it has none. kCorrupt: a value that cannot be read.
  Result<std::vector<std::optional<uint32_t>>> Read(const std::vector<rows::KeyRow>& keys, rows::Batch* found);

  /// As worker::Sink::FillGaps(). Cells stay unavailable where the row's own old version has them: the writer
  /// leaves those as they are.
  Result<std::vector<uint32_t>> FillGaps(worker::Fold* fold);

  /// Remembers the rows of these keys, as long as this run lasts: they are about to be removed by key changes
  /// whose other halves have not come.
  Status KeepMoved(const std::vector<Hash128>& keys, const worker::Fold& fold);

 private:
  struct Wanted {
    uint32_t slot = 0;
    rows::KeyRow key, otherwise;
    std::shared_ptr<const rows::Batch> kept;  // the row itself, where it was remembered
  };
  Status FillFromRows(const std::vector<Wanted>& wanted, worker::Fold* fold, std::vector<uint32_t>* unknown);
  std::shared_ptr<const rows::Batch> KeptRow(const Hash128& key) const;

  Link* link_;
  RowWriter* writer_;
  std::unordered_map<Hash128, std::shared_ptr<const rows::Batch>> moved_;  // one row each
};

}  // namespace cdc::postgres_sink
