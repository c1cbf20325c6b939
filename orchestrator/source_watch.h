#pragma once

/// \file orchestrator/source_watch.h
/// Looks at the source of the changes again and again, beside the event loop.

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "lib/config/config.h"
#include "lib/contract/verdict.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::orchestrator {

/// Asks on a thread of its own, one question at a time; all else happens on the event loop.
class SourceWatch {
 public:
  /// Blocks; may be called on another thread.
  using Ask = std::function<contract::SourceFacts(const config::Source&)>;

  /// \param clock, io must outlive it
  SourceWatch(boost::asio::io_context& io, const Clock& clock, log::Logger logger, Ask ask,
              Millis interval = Millis(10'000));
  /// Waits for the question under way.
  ~SourceWatch();

  /// Asks by `source` from now on; where it names neither `connect_url` nor `dsn`, nobody.
  void Configure(const config::Source& source);

  /// As of the newest answer; before the first one, and where nobody is asked, empty.
  const contract::SourceFacts& facts() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
