#pragma once

/// \file tests/unit/run_loop/replayed_source.h
/// A source that replays records from memory, through the same intake as Kafka's.

#include <functional>
#include <map>
#include <vector>

#include "jobs/source/intake.h"
#include "jobs/worker/source.h"
#include "jobs/worker/table.h"

namespace cdc::worker {

/// Records of a topic, by partition; a record's place is its offset.
using Log = std::vector<std::vector<kafka::OwnRecord>>;

/// Time that passes only where somebody waits.
class HandClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime{} + std::chrono::hours(1) + Millis(ms); }
  WallTime wall() const override { return WallTime{} + Millis(ms); }
  int64_t ms = 0;
};

class ReplayedSource final : public Source {
 public:
  struct Ports {
    const Log& log;
    Table& table;
    source::Intake& intake;
    source::DeadLetters& letters;
    source::TaintedKeys& tainted;
    HandClock& clock;
    SourceCounts& counts;
    /// Asked before each read: how many records are taken at most; an error ends the run.
    std::function<Result<size_t>()> next;
  };

  ReplayedSource(std::string topic, Ports ports) : topic_(std::move(topic)), ports_(std::move(ports)) {}

  Result<contract::PartitionOffsets> Open() override;
  Result<SourceState> Next(Millis wait) override;
  Result<Cut> End(bool last) override;
  Result<SourceState> Confirm(Cut done) override;
  bool HasGrown() override { return false; }

 private:
  SourceState State() const;
  contract::PartitionOffsets Committable() const;
  void BeginBatch(const contract::PartitionOffsets& upto);

  std::string topic_;
  Ports ports_;
  contract::PartitionOffsets next_, handed_;
  SteadyTime last_read_{};
  bool shape_due_ = false, begin_at_confirm_ = false;
};

}  // namespace cdc::worker
