#pragma once

/// \file jobs/source/open_batch.h
/// The batch that is being collected, and what every part of the intake needs beside it.

#include <optional>

#include "jobs/source/key_changes.h"
#include "jobs/source/settings.h"
#include "jobs/source/tainted_keys.h"
#include "jobs/source/words.h"
#include "jobs/worker/table.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::source {

/// One for each intake, which owns it; its parts hold a reference.
struct OpenBatch {
  const SourceSettings& settings;  ///< this and the other references outlive the intake
  worker::Table& table;
  TaintedKeys& tainted;
  const Clock& clock;
  log::Logger log;
  Fold fold;
  KeyChanges changes;
  int32_t partitions = 1;                  ///< of the topic
  bool replaying = false;                  ///< messages are dead letters, older than what the table has
  std::optional<int64_t> now_micros = {};  ///< when the poll was read, microseconds since 1970

  /// Whether there is anything to commit beside the first halves of key changes.
  bool has_changes() const {
    return fold.truncated() || fold.batch().rows() > 0 || fold.slots().size() > changes.open().size();
  }
  int64_t now() const { return now_micros ? *now_micros : UnixMicros(clock.wall()); }
};

}  // namespace cdc::source
