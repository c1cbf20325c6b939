#pragma once

/// \file orchestrator/change_feed.h
/// What changed between two looks at the tables, as server-sent events (docs/api.md). Pure.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "lib/core/hash128.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// Bounded: an event names at most kTablesPerEvent tables. Those that are left over come with a later look,
/// as they are then. Keeps a few bytes for each table that there is.
class ChangeFeed {
 public:
  static constexpr size_t kTablesPerEvent = 200;

  explicit ChangeFeed(std::string program_version) : version_(std::move(program_version)) {}

  /// The first look tells the status alone: whoever listens then reads /api/v1/tables.
  /// \return events, one after the other; empty: nothing changed
  std::string Next(const View& view);
  /// For a listener who came later; empty before the first look.
  std::string Status() const { return Event("status", status_); }

  static std::string Event(const char* name, const std::string& json);

 private:
  struct Told {
    Hash128 figures;
    uint64_t look = 0;  ///< the newest look that had the table
  };

  std::string ChangedTables(const View& view);
  std::string GoneTables(const View& view);
  std::string ChangedStatus(const View& view);
  std::string NewSample(const View& view);

  std::string version_;
  std::unordered_map<std::string, Told> told_;
  uint64_t look_ = 0;
  size_t begin_ = 0;    ///< in the view: where the next look begins, so that each table has its turn
  std::string status_;  ///< as told
  Hash128 status_figures_;
  int64_t sample_ = -1;  ///< step of the one told last
  std::string scratch_;
};

}  // namespace cdc::orchestrator
