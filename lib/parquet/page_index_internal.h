#pragma once

/// \file lib/parquet/page_index_internal.h
/// The page index of a column chunk (Parquet format, "Page Index"): which rows its pages begin with, and what
/// bounds their values have.

#include "lib/parquet/footer_internal.h"

namespace cdc::parquet {

/// Encodes the indexes of a group's chunks and forgets their pages. A group whose chunks all have a page at
/// most gets none: the chunks' statistics say as much. Readers need the offsets of all columns, but no
/// bounds: a column of lists, with a dictionary, or with a page that has no bounds (all NaN) is told without.
void EncodePageIndex(const rows::Schema& schema, RowGroup* group);

}  // namespace cdc::parquet
