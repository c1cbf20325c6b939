#pragma once

/// \file jobs/sink/postgres/copy_text.h
/// Cells as lines of COPY's text format (PostgreSQL documentation, COPY, "Text Format"), and back from the text
/// that a query gives. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/sink/postgres/target_type.h"
#include "lib/rows/column.h"

namespace cdc::postgres_sink {

/// Appends the cell, escaped; a null, or a cell that was not sent, as \N. The caller writes tabs and ends lines.
/// \param bits of Form::kBits
void AppendCell(const rows::Column& column, uint32_t row, Form form, int bits, std::string* out);

/// Appends the text escaped.
void AppendEscaped(std::string_view text, std::string* out);

/// Appends the value that `text` is, as a Session reads it from a column of this form.
/// \return false: it is no value of the column's type; nothing was appended.
bool ReadCell(std::string_view text, Form form, rows::Column* to);

}  // namespace cdc::postgres_sink
