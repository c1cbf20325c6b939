#pragma once

/// \file lib/change/own_columns.h
/// Columns that the worker fills itself, next to those of the source.

#include <map>
#include <string>

namespace cdc::change {

/// Names of those columns in the table, by what fills them ("op()", "ingestion_time()", …). Kept with the
/// table: the name alone does not say whose a column is.
using OwnNames = std::map<std::string, std::string>;

}  // namespace cdc::change
