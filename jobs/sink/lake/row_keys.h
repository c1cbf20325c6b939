#pragma once

/// \file jobs/sink/lake/row_keys.h
/// How the rows of one table are named in its key index.

#include <memory>
#include <string>
#include <vector>

#include "jobs/worker/words.h"
#include "lib/core/keyed_hash.h"
#include "lib/rows/type.h"

namespace cdc::lake_sink {

struct RowKeys {
  KeySecret secret;                               ///< of the hashes of this run
  std::vector<std::string> columns;               ///< of the key, in key order; empty with `identity`
  std::shared_ptr<worker::RowIdentity> identity;  ///< by content, for a table without a key; null: it has one

  /// Positions of the key's columns in `schema`; −1 for a column that is not there.
  std::vector<int> ColumnsIn(const rows::Schema& schema) const {
    std::vector<int> positions;
    for (const std::string& name : columns) positions.push_back(schema.IndexOf(name));
    return positions;
  }
};

}  // namespace cdc::lake_sink
