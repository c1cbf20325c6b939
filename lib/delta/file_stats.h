#pragma once

/// \file lib/delta/file_stats.h
/// What the log says of a data file's values (PROTOCOL.md, "Per-file Statistics").

#include <cstdint>
#include <string>

#include "lib/iceberg/data_file.h"
#include "lib/rows/type.h"

namespace cdc::delta {

/// Row and null counts of all columns but lists; bounds of whole numbers, dates and texts. A bound that is
/// not said only makes readers read more; one in another reader's spelling would hide rows, so others are
/// left out. \param metrics of the file, by field id \param stored its columns, with their names in the file
std::string StatsOf(const iceberg::DataFile& metrics, const rows::Schema& stored);

/// The same for a file of which rows are deleted: its bounds and counts are those of all its rows.
std::string WithDeletedRows(const std::string& stats);

/// \return −1: the statistics do not say.
int64_t RecordsIn(const std::string& stats);

}  // namespace cdc::delta
