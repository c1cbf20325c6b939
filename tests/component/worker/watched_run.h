#pragma once

/// \file tests/component/worker/watched_run.h
/// A source and a sink by which the two threads of a run wait for each other as a test wants.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "jobs/worker/sink.h"
#include "jobs/worker/source.h"

namespace cdc::worker {

inline constexpr int kFailing = 3;  ///< the commit that fails, of those that the second thread makes

/// Opens once messages behind the failing commit's batch have been read.
class Gate {
 public:
  /// First thread: a batch is ended, and its commit begins.
  void Begin() {
    const std::lock_guard lock(mutex_);
    at_rest_ = false;
    if (++begun_ == kFailing) armed_ = true;
  }
  /// First thread: it is back from a read. \param at_rest it will wait for the commit under way now
  void Return(bool at_rest) {
    const std::lock_guard lock(mutex_);
    at_rest_ |= at_rest;
    if (armed_) returned_ += at_rest ? 2 : 1;
    changed_.notify_all();
  }
  /// Second thread. \return whether to fail now
  bool PassThrough() {
    std::unique_lock lock(mutex_);
    if (!armed_) return false;
    changed_.wait(lock, [this] { return returned_ >= 2; });
    return true;
  }
  /// Second thread: until the first one waits.
  void AwaitRest() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return at_rest_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0, returned_ = 0;
  bool armed_ = false, at_rest_ = false;
};

/// The source, which tells the gate what the first thread does.
class WatchedSource final : public Source {
 public:
  /// \param full bytes of a batch that is committed at once
  WatchedSource(Source& real, Gate& gate, int64_t full) : real_(real), gate_(gate), full_(full) {}
  Result<contract::PartitionOffsets> Open() override { return real_.Open(); }
  Result<SourceState> Next(Millis wait) override {
    auto state = real_.Next(wait);
    gate_.Return(!state || state->batch_bytes >= full_ || state->caught_up || state->drained);
    return state;
  }
  Result<Cut> End(bool last) override {
    gate_.Begin();
    return real_.End(last);
  }
  Result<SourceState> Confirm(Cut done) override { return real_.Confirm(std::move(done)); }
  bool HasGrown() override { return real_.HasGrown(); }

 private:
  Source& real_;
  Gate& gate_;
  int64_t full_;
};

/// The sink, whose commits on the second thread last until the first one waits for them.
class SlowSink final : public Sink {
 public:
  SlowSink(Sink& real, Gate& gate) : real_(real), gate_(gate), first_(std::this_thread::get_id()) {}
  bool slow = false;
  Opened opened() const override { return real_.opened(); }
  Result<Shape> Follow(const ShapeChange& change) override { return real_.Follow(change); }
  Lookup& lookup() override { return real_.lookup(); }
  Upkeep* upkeep() override { return real_.upkeep(); }
  Result<Committed> Commit(const Batch& batch) override {
    if (slow && std::this_thread::get_id() != first_) gate_.AwaitRest();
    return real_.Commit(batch);
  }

 private:
  Sink& real_;
  Gate& gate_;
  std::thread::id first_;
};

}  // namespace cdc::worker
