#include <pthread.h>

#include <chrono>
#include <csignal>

#include "jobs/worker/iceberg_sink.h"

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

/// Files are encoded and committed on a second thread while the first one reads on. The two share nothing but
/// the fold, which neither changes, and this object, whose other functions wait.
void IcebergSink::BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) {
  (void)fold.slots();  // settled by the thread that filled it: from now on two may read it
  auto outcome = std::make_shared<std::promise<Result<Committed>>>();
  under_way_ = outcome->get_future().share();
  second_thread_.Run([this, &fold, marker, may = std::move(may), outcome] {
    const Status allowed = may();
    auto committed = allowed ? CommitNow(fold, marker) : Result<Committed>(allowed.error());
    if (committed) {
      const auto more = MaintainNow(Tidying::kBetweenCommits);
      if (!more) committed->untidy = more.error();
    }
    outcome->set_value(std::move(committed));
  });
}

bool IcebergSink::committing() const {
  return under_way_.valid() && under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

Result<Committed> IcebergSink::AwaitCommit() {
  Result<Committed> outcome = under_way_.get();
  under_way_ = {};
  return outcome;
}

/// Waits for the commit under way. \return its error; never kBadValue, which would be taken for a message's
Status IcebergSink::Settle() const {
  if (!under_way_.valid()) return {};
  const Result<Committed>& outcome = under_way_.get();
  if (outcome) return {};
  Error error = outcome.error();
  if (error.kind == ErrorKind::kBadValue) error.kind = ErrorKind::kCorrupt;
  return error;
}

Result<Committed> IcebergSink::Commit(const Fold& fold, const Marker& marker) {
  CDC_TRY(Settle());
  return CommitNow(fold, marker);
}

Result<bool> IcebergSink::Maintain(Tidying when) {
  CDC_TRY(Settle());
  return MaintainNow(when);
}

}  // namespace cdc::worker
