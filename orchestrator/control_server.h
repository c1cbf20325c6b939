#pragma once

/// \file orchestrator/control_server.h
/// The unix socket through which `cdc` talks to a running orchestrator.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "lib/contract/control.h"
#include "lib/core/result.h"

namespace cdc::orchestrator {

/// Answers one request per connection, from `io`. Only the socket's owner may connect. The socket's file goes
/// when this does.
class ControlServer {
 public:
  using Handler = std::function<Result<std::string>(const contract::ControlRequest&)>;

  /// A socket left by a dead orchestrator is replaced: hold the PID file's lock.
  /// \return kInvalidConfig: it cannot be made there.
  static Result<std::unique_ptr<ControlServer>> Make(boost::asio::io_context& io,
                                                     const std::filesystem::path& path, Handler handler);
  ~ControlServer();

 private:
  struct Impl;
  explicit ControlServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
