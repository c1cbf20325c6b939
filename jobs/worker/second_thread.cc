#include "jobs/worker/second_thread.h"

#include <pthread.h>

#include <csignal>

namespace cdc::worker {

SecondThread::~SecondThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SecondThread::Run(std::function<void()> work) {
  if (!thread_.joinable()) {
    // A thread inherits the mask of the one that makes it: signals are the first thread's.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { Live(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return work_ == nullptr; });
  work_ = std::move(work);
  changed_.notify_all();
}

void SecondThread::Live() {
  ::pthread_setname_np(::pthread_self(), "commit");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return work_ != nullptr || ending_; });
    if (work_ == nullptr) return;
    lock.unlock();
    work_();
    lock.lock();
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace cdc::worker
