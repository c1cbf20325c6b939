#pragma once

/// \file orchestrator/event_desk.h
/// Clients of /api/v1/events. On the server's thread.

#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lib/core/clock.h"
#include "orchestrator/change_feed.h"
#include "orchestrator/view_desk.h"

namespace cdc::orchestrator {

/// Looks at the tables once a second while somebody listens, and tells all listeners the same.
class EventDesk {
 public:
  static constexpr size_t kMaxListeners = 8;
  static constexpr Millis kInterval{1'000};
  static constexpr Millis kHeartbeat{15'000};  ///< a comment, so that both sides notice a dead connection

  class Listener {
   public:
    virtual ~Listener() = default;
    /// Takes it or leaves the desk; never waits.
    virtual void Tell(std::shared_ptr<const std::string> events) = 0;
  };

  /// `desk` must outlive it.
  EventDesk(boost::asio::io_context& io, ViewDesk& desk, std::string program_version);

  bool full() const { return listeners_.size() >= kMaxListeners; }
  void Join(Listener& listener);
  /// Does nothing for one that has not joined.
  void Leave(Listener& listener);

 private:
  void Tick();
  void Look();
  void Tell(std::string events);

  ViewDesk& desk_;
  std::string version_;
  boost::asio::steady_timer timer_;
  std::set<Listener*> listeners_;
  ChangeFeed feed_;
  bool looking_ = false;
  bool silent_ = false;  ///< told that the scheduler does not answer
  SteadyTime asked_{};
  SteadyTime told_{};
};

}  // namespace cdc::orchestrator
