#pragma once

/// \file lib/iceberg/snapshot_summary_internal.h
/// The counters of a snapshot's summary (specification, "Optional Snapshot Summary Fields").

#include <map>
#include <string>
#include <vector>

#include "lib/iceberg/live_files.h"

namespace cdc::iceberg {

/// "append", "delete" or "overwrite", as Java's row delta decides it.
std::string OperationOf(const std::vector<LiveFiles::Entry>& added,
                        const std::vector<LiveFiles::Entry>& removed);

/// Counters of what changes, left out when 0, and totals after it.
///
/// \param before totals of the parent snapshot
std::map<std::string, std::string> SummaryCounters(const LiveTotals& before,
                                                   const std::vector<LiveFiles::Entry>& added,
                                                   const std::vector<LiveFiles::Entry>& removed);

}  // namespace cdc::iceberg
