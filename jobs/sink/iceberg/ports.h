#pragma once

/// \file jobs/sink/iceberg/ports.h
/// What the sink needs from outside: the catalog, the store, time, and whom to tell.

#include <functional>
#include <string>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/log/logger.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg_sink {

struct Ports {
  iceberg::Catalog& catalog;  ///< all must outlive the sink
  storage::FileSystem& files;
  const Clock& clock;
  std::function<void(Millis)> sleep;  ///< between attempts to learn a commit's outcome
  log::Logger log;
  /// Called repeatedly while keys are read into the index, which takes minutes when the index of a large
  /// table is lost. An error ends the reading; the next Open() continues with the files that are not read
  /// yet.
  std::function<Status()> alive = {};
  /// Called repeatedly, with a text for people, while the table is rewritten. An error ends the rewrite; the
  /// next run continues with what is written.
  std::function<Status(const std::string& doing)> working = {};
};

}  // namespace cdc::iceberg_sink
