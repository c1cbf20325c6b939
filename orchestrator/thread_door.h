#pragma once

/// \file orchestrator/thread_door.h
/// How other threads hand something to an event loop that may have ended.

#include <functional>
#include <mutex>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace cdc::orchestrator {

/// Any thread. Shared by all that may call; the owner of the loop closes it before the loop goes.
class ThreadDoor {
 public:
  explicit ThreadDoor(boost::asio::io_context& io) : io_(&io) {}

  /// Runs `function` on the loop, or never: after Close(). What it holds is destroyed in either case.
  void Post(std::function<void()> function) {
    std::lock_guard guard(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(function));
  }
  void Close() {
    std::lock_guard guard(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

}  // namespace cdc::orchestrator
