#pragma once

/// \file lib/config/soft_marks.h
/// How a row that is deleted softly is told from others.

#include <string>
#include <string_view>

#include "lib/config/config.h"

namespace cdc::config {

/// Whether `expression` is the call of `function` and nothing else: IsCallOf("op()", "op").
bool IsCallOf(std::string_view expression, std::string_view function);

/// Columns of the table in its sink, and what they hold.
struct SoftMarks {
  std::string column;   ///< that is op(), or operation()
  std::string deleted;  ///< its value in a row that is deleted
  std::string time;     ///< when it was deleted; empty: no column of the sink's own
};

/// Of a table with `deletes` = "soft": the column that `select` or `metadata_columns` fills with the
/// operation, else one that the worker adds. With `select` nothing is added.
SoftMarks MarksOf(const Table& table);

}  // namespace cdc::config
