#pragma once

/// \file jobs/source/known_columns.h
/// What is known of the source's columns where the table does not show it: of rows that a program computes,
/// and of events without a schema.

#include <filesystem>

#include "lib/core/result.h"
#include "lib/event/source_column.h"
#include "lib/rows/type.h"

namespace cdc::source {

/// A small file beside the key index. Losing it costs no more than learning the types anew from the next
/// events.
class KnownColumns {
 public:
  /// \param file need not exist; damaged is as good as missing. Empty: kept in memory only.
  explicit KnownColumns(std::filesystem::path file);

  /// The columns by their names at the source, with the types that their values had.
  const rows::Schema& schema() const { return schema_; }
  /// Adds those that are new, and takes over the types of the others. \return kTransient.
  Status Learn(const std::vector<event::SourceColumn>& columns);

 private:
  std::filesystem::path file_;
  rows::Schema schema_;
};

}  // namespace cdc::source
