#pragma once

/// \file orchestrator/http_server.h
/// `[orchestrator] listen`: HTTP/1.1 for operators: a page, JSON, and actions where they are allowed.

#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "orchestrator/routes.h"
#include "orchestrator/view_desk.h"

namespace cdc::orchestrator {

/// Has a thread of its own: rendering ten thousand tables must not delay a worker's start, and a scheduler
/// that hangs must be told of. Bounded whatever clients do: number of connections (the one that has been
/// waiting longest makes room), length of a request, time to send one and to take the answer.
class HttpServer {
 public:
  /// \param listen "host:port" or "[v6 address]:port"; a name is listened to at all its addresses
  /// \param host_names besides those that every client may call it by (http_hosts.h)
  /// \param chronicle used on the server's thread from now on, and by routes
  /// \return kTransient: the port is in use; kInvalidConfig: no such address here, or no right to the port
  static Result<std::unique_ptr<HttpServer>> Start(const std::string& listen,
                                                   const std::vector<std::string>& host_names,
                                                   std::vector<Route> routes, ViewSource source,
                                                   std::shared_ptr<Chronicle> chronicle);
  /// Closes the port and all connections.
  ~HttpServer();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::orchestrator
