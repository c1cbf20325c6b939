#pragma once

/// \file orchestrator/http_server.h
/// `[orchestrator] listen`: HTTP/1.1 for operators, read-only.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "orchestrator/routes.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// Has a thread of its own: rendering ten thousand tables must not delay a worker's start, and a scheduler
/// that hangs must be told of. Bounded whatever clients do: number of connections (the one that has been
/// waiting longest makes room), length of a request, time to send one and to take the answer.
class HttpServer {
 public:
  using ViewPtr = std::shared_ptr<const View>;
  using ViewReader = std::function<void(ViewPtr)>;
  /// Gives a view to its argument: once, on any thread, whenever it can. Called on the server's thread.
  using ViewSource = std::function<void(ViewReader)>;

  /// \param listen "host:port" or "[v6 address]:port"; a name is listened to at all its addresses
  /// \return kTransient: the port is in use; kInvalidConfig: no such address here, or no right to the port
  static Result<std::unique_ptr<HttpServer>> Start(const std::string& listen, std::vector<Route> routes,
                                                   ViewSource source);
  /// Closes the port and all connections.
  ~HttpServer();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
