#pragma once

/// \file orchestrator/control_server.h
/// The unix socket in state_dir on which `cdc` asks (lib/contract/control.h).

#include <filesystem>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "lib/contract/control.h"
#include "lib/core/result.h"

namespace cdc::orchestrator {

/// One client that has asked. Everything happens on the event loop.
class ControlClient {
 public:
  virtual ~ControlClient() = default;
  /// Once, whenever it can; later calls do nothing.
  virtual void Answer(const Result<std::string>& answer) = 0;
  /// The connection stays, whatever the answer takes. `done` is called once: true: the client said that it
  /// has finished; false: it went away without a word, killed perhaps.
  virtual void AwaitEnd(std::function<void(bool finished)> done) = 0;
};

class ControlServer {
 public:
  using Handler = std::function<void(const contract::ControlRequest&, std::shared_ptr<ControlClient>)>;

  /// Replaces what an earlier orchestrator left at `path`; only this user may connect.
  /// \return kInvalidConfig: the socket cannot be made; the hint says what to change.
  static Result<std::unique_ptr<ControlServer>> Make(boost::asio::io_context& io,
                                                     const std::filesystem::path& path, Handler handler);
  /// Removes the socket.
  ~ControlServer();

 private:
  struct Impl;
  explicit ControlServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
