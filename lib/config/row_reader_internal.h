#pragma once

/// \file lib/config/row_reader_internal.h
/// What a table says of its rows, beyond one setting: expressions, and settings that need each other.

#include <string>
#include <string_view>
#include <vector>

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"
#include "lib/config/soft_marks.h"

namespace cdc::config {

/// What is wrong with an expression as far as that can be told without the row's columns: syntax and
/// functions, with line and column inside it. Empty: nothing.
/// \param of_event it may not use columns, so its types are known too
std::string ProblemOf(std::string_view expression, bool of_event);

/// `[{ name = "c", value = "lower(country)" }, "op()", "country"]`: a call or a column names itself.
void ReadGroups(NodeReader& reader, std::string_view key, std::vector<SelectedColumn>* groups);

/// Settings about rows that do not go together. Call after a table's settings are read.
void CheckRows(NodeReader& reader, const Table& table);

}  // namespace cdc::config
