#pragma once

/// \file orchestrator/operator_site.h
/// `[orchestrator] listen`, put together: the HTTP server and what it takes from others.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "lib/config/config.h"
#include "lib/contract/control.h"
#include "lib/contract/state_layout.h"
#include "lib/core/result.h"
#include "lib/log/logger.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// Called on the event loop's thread.
struct SiteQuestions {
  std::function<View()> look;
  /// Calls its argument when the tables' lag is of now, or cannot be.
  std::function<void(std::function<void()>)> with_fresh_lag;
  std::function<std::optional<TableDetail>(const std::string& table)> detail;
  std::function<SourceDetail()> source;
  std::function<Result<std::string>(const contract::ControlRequest&)> carry;
};

class OperatorSite {
 public:
  /// On the thread of `io`, which outlives it.
  /// \return as HttpServer::Start(); kTransient: the token cannot be written
  static Result<std::unique_ptr<OperatorSite>> Open(boost::asio::io_context& io, const config::Config& config,
                                                    const contract::StateLayout& layout,
                                                    const log::Logger& log, SiteQuestions questions);
  /// Closes the port.
  ~OperatorSite();

  /// A new tables.toml.
  void Configure(std::shared_ptr<const config::Config> config);
  /// Clients with the token may act.
  bool actions() const;

 private:
  struct Impl;
  explicit OperatorSite(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
