#pragma once

/// \file jobs/run/open_sink.h
/// The store that a table is written to: the one place that knows all of them.

#include <functional>
#include <memory>
#include <string>

#include "jobs/run/run_setup.h"
#include "jobs/run/words.h"
#include "lib/config/config.h"
#include "lib/core/clock.h"
#include "lib/lake/lake.h"
#include "lib/log/logger.h"

namespace cdc::run {

struct SinkPorts {
  const Clock& clock;                 ///< all must outlive the sink
  std::function<void(Millis)> sleep;  ///< between attempts
  log::Logger log;
  /// Called again and again while the table is opened. What it returns ends that.
  std::function<Status()> alive;
  /// The same while the table is written anew, with what to tell people.
  std::function<Status(const std::string& doing)> working;
};

/// A sink and what it stands on.
struct OpenedSink {
  std::unique_ptr<lake::Lake> lake;    ///< null: not in Iceberg
  std::unique_ptr<lake::Files> files;  ///< null: not in Delta
  std::unique_ptr<Sink> sink;
};

/// Opens the table where `table.sink` says. \param settings of the run; must outlive the sink
/// \return errors of the sinks' Open().
Result<OpenedSink> OpenSink(const config::Config& config, const config::Table& table,
                            const SourceSettings& settings, const TopicFound& found,
                            SinkPorts ports);

}  // namespace cdc::run
