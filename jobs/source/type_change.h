#pragma once

/// \file jobs/source/type_change.h
/// Columns of the source that are not any more what the table made of them: of another type, gone, or back.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobs/source/words.h"
#include "lib/core/result.h"
#include "lib/event/source_column.h"
#include "lib/rows/type.h"

namespace cdc::source {

/// What of `table` no longer fits `columns`. Pure.
/// \param skipped columns that the source does not fill, or that are about to be replaced
/// \return kUnsupported: a column whose old values no cast takes to its new type for certain; all are named.
Result<std::vector<Retyped>> FindRetyped(const rows::Schema& table,
                                         const std::vector<event::SourceColumn>& columns,
                                         const std::set<std::string>& skipped, const std::string& entry);

/// Whether a column of type `known` at the source has a schema that says `by_schema`: some types look alike there.
bool MayBeType(const std::string& by_schema, const std::string& known);

/// Columns of the table that the source does not have, in the table's order. Pure.
/// \param skipped the key's columns, and those that the source does not fill
std::vector<std::string> FindAbsent(const rows::Schema& table,
                                    const std::vector<event::SourceColumn>& columns,
                                    const std::set<std::string>& skipped);

}  // namespace cdc::source
