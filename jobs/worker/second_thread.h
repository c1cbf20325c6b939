#pragma once

/// \file jobs/worker/second_thread.h
/// A thread that lives as long as its owner and runs one piece of work at a time.

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace cdc::worker {

/// Starts its thread with the first work. It is the same thread each time: allocators keep what they have for
/// it. Destroying it waits for the work under way.
class SecondThread {
 public:
  SecondThread() = default;
  ~SecondThread();
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;

  /// Runs `work`, after the one before has returned. Signals are never delivered to the thread.
  void Run(std::function<void()> work);

 private:
  void Live();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: none is waiting
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cdc::worker
