#pragma once

/// \file jobs/sink/delta/words.h
/// Private to the room: names of the worker and of jobs/sink/lake that its files use without the namespace.

#include <functional>
#include <string>

#include "jobs/sink/lake/delete_plan.h"
#include "jobs/sink/lake/known_deletes.h"
#include "jobs/sink/lake/moved_rows.h"
#include "jobs/sink/lake/old_rows.h"
#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/lake/row_keys.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/lake/table_notes.h"
#include "jobs/worker/byte_budget.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/sink.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "lib/storage/file_system.h"

namespace cdc::delta_sink {

using lake_sink::DeletesByFile;
using lake_sink::KnownDeletes;
using lake_sink::LocatedTable;
using lake_sink::MovedRows;
using lake_sink::OldRows;
using lake_sink::PositionSet;
using lake_sink::RowKeys;
using lake_sink::RowLocator;
using worker::Committed;
using worker::Fold;
using worker::OwnNames;
using worker::RowIdentity;
using worker::ShareOut;
using worker::Slot;
using Marker = worker::Checkpoint;

/// What a run needs to know of its table, from tables.toml.
struct Settings {
  worker::TableSettings table;
  std::string root;               ///< the table's folder: absolute, or s3://, without a slash at its end
  bool change_data_feed = false;  ///< is switched on where the table has it not
};

/// What the sink needs from outside; all must outlive it.
struct Ports {
  storage::FileSystem& files;
  const Clock& clock;
  std::function<void(Millis)> sleep;  ///< between attempts to learn a commit's outcome
  log::Logger log;
  /// Called repeatedly while keys are read into the index. An error ends the reading.
  std::function<Status()> alive = {};
};

}  // namespace cdc::delta_sink
