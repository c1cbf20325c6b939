#pragma once

/// \file lib/change/toast_size.h
/// Whether PostgreSQL may have stored a value out of line (TOAST), judged by what it was decoded to. Pure.

#include <cstdint>

#include "lib/rows/batch.h"

namespace cdc::change {

/// A cell of a row, null or an empty list, that may stand for a value that the update did not touch.
struct Doubt {
  int column = 0;
  bool unsure =
      false;  ///< only if the column's type is one of those without a placeholder, as its values tell
};

/// About how many bytes the value takes in PostgreSQL's row: not less, unless it is compressed.
int64_t StoredSize(const rows::Column& column, uint32_t row);

/// The same for a row of such columns, its header included.
int64_t StoredSize(const rows::Batch& batch, uint32_t row);

/// Whether the value alone is one that moves out of a row that is too large.
bool IsMovable(const rows::Column& column, uint32_t row, bool unsure);

/// Whether PostgreSQL may have moved the value out of the row: it moves the largest first, until the row is
/// small enough (heap_toast_insert_or_update). What compression saves is not known, so it may say so of one
/// that stayed.
bool MayBeMoved(const rows::Batch& batch, uint32_t row, const Doubt& doubt);

}  // namespace cdc::change
