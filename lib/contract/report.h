#pragma once

/// \file lib/contract/report.h
/// The last line a worker prints on stdout, which also goes into the ledger.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::contract {

struct Report {
  std::string table;
  std::string run = {};        ///< Names the run in all logs and in the ledger; unique per table.
  int exit = 0;                ///< The exit code that follows.
  PartitionOffsets from = {};  ///< Next offsets when the run began.
  PartitionOffsets to = {};    ///< Next offsets committed; equal to `from` when nothing was.
  int64_t events = 0;
  int64_t rows = 0;     ///< Rows written.
  int64_t deletes = 0;  ///< Rows deleted or superseded.
  int64_t dead_letters = 0;
  int64_t left_alone = 0;                   ///< Records of other tables in the topic.
  int64_t changes = 0;                      ///< Applied: events less dead letters and records left alone.
  std::optional<int64_t> live_rows = {};    ///< In the table at the end; nothing: its sink does not tell.
  std::optional<int64_t> snapshot_id = {};  ///< Of the last commit of this run.
  double seconds = 0;
  int64_t peak_rss_bytes = 0;
  /// Why it ended with another code than 0, hint included; not among the contract's fields, empty is left
  /// out.
  std::string reason = {};
};

/// One line of JSON without the newline.
std::string EncodeReport(const Report& report);
/// Unknown fields are ignored, absent ones keep their defaults. \return kCorrupt: no such object.
Result<Report> DecodeReport(std::string_view line);

}  // namespace cdc::contract
