#pragma once

/// \file tests/component/worker/watched_sink.h
/// A sink whose thread waits until the other one has come as far as a test wants.

#include <condition_variable>
#include <mutex>

#include "jobs/worker/sink.h"

namespace cdc::worker {

inline constexpr int kFailing = 3;  ///< the commit that fails, of those that the second thread makes

/// Opens once messages behind the failing commit's batch have been taken in.
class Gate {
 public:
  /// First thread: a commit begins.
  void Begin() {
    const std::lock_guard lock(mutex_);
    if (++begun_ == kFailing) armed_ = true;
  }
  /// First thread: it is back from a poll (twice: there was a whole one in between) or has a full batch.
  void Return(int times) {
    const std::lock_guard lock(mutex_);
    if (!armed_) return;
    returned_ += times;
    changed_.notify_all();
  }
  /// Second thread. \return whether to fail now
  bool PassThrough() {
    std::unique_lock lock(mutex_);
    if (!armed_) return false;
    changed_.wait(lock, [this] { return returned_ >= 2; });
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0, returned_ = 0;
  bool armed_ = false;
};

/// The sink, which tells the gate what the first thread does.
class WatchedSink final : public Sink {
 public:
  WatchedSink(Sink& real, Gate& gate) : real_(real), gate_(gate) {}
  const std::optional<Marker>& marker() const override { return real_.marker(); }
  std::shared_ptr<const rows::Schema> schema() const override { return real_.schema(); }
  const std::vector<std::string>& key() const override { return real_.key(); }
  const KeySecret& key_secret() const override { return real_.key_secret(); }
  std::optional<OwnNames> own_names() const override { return real_.own_names(); }
  std::shared_ptr<RowIdentity> row_identity() const override { return real_.row_identity(); }
  Result<uint32_t> CountRows(const Hash128& content) override { return real_.CountRows(content); }
  Status IdentifyRowsWithout(const std::vector<std::string>& a) override { return real_.IdentifyRowsWithout(a); }
  bool needs_key_values() const override { return real_.needs_key_values(); }
  bool needs_source_types() const override { return real_.needs_source_types(); }
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override {
    return real_.HasRow(key, values);
  }
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override {
    return real_.ReadRow(key, values, row);
  }
  Status Create(const rows::Schema& s, const std::vector<std::string>& k, const OwnNames& o,
                const std::vector<std::string>& d) override {
    return real_.Create(s, k, o, d);
  }
  Status Evolve(const rows::SchemaChanges& c, const OwnNames& o) override { return real_.Evolve(c, o); }
  Status Retype(const std::vector<Retyped>& columns) override { return real_.Retype(columns); }
  int64_t row_bytes() const override { return real_.row_bytes(); }
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override { return real_.FillGaps(fold); }
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) override {
    return real_.KeepMoved(keys, fold);
  }
  Result<Committed> Commit(const Fold& fold, const Marker& marker) override {
    return real_.Commit(fold, marker);
  }
  void BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) override {
    gate_.Begin();
    real_.BeginCommit(fold, marker, std::move(may));
  }
  bool never_done = false;  ///< what committing() says of a commit, for as long as nobody waits for it
  bool committing() const override {
    gate_.Return(1);
    return never_done || real_.committing();
  }
  Result<Committed> AwaitCommit() override {
    gate_.Return(2);
    return real_.AwaitCommit();
  }
  Result<bool> Maintain(Tidying when) override { return real_.Maintain(when); }
  Status Close() override { return real_.Close(); }

 private:
  Sink& real_;
  Gate& gate_;
};

}  // namespace cdc::worker
