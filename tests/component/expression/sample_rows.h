#pragma once

/// \file tests/component/expression/sample_rows.h
/// The same rows of edge values for PostgreSQL and for a batch.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/rows/batch.h"

namespace cdc::expression {

struct SampleColumn {
  const char* name;
  const char* type;  ///< in PostgreSQL's words
  rows::Type rows_type;
};

/// "n" numbers the rows from 0.
const std::vector<SampleColumn>& SampleColumns();
/// One text per column; nothing: null.
const std::vector<std::vector<std::optional<std::string>>>& SampleRows();

/// The rows as a batch, by lib/rows' own reading of texts.
rows::Batch SampleBatch();
/// CREATE TABLE samples and its rows.
std::string SampleTable();

}  // namespace cdc::expression
