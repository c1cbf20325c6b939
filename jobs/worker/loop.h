#pragma once

/// \file jobs/worker/loop.h
/// The worker's life: read, take in, commit, tidy up, leave.

#include <atomic>
#include <map>
#include <memory>
#include <optional>

#include "jobs/worker/dead_letters.h"
#include "jobs/worker/intake.h"
#include "jobs/worker/pace.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/sink.h"
#include "jobs/worker/topic_witness.h"
#include "lib/contract/job_channel.h"
#include "lib/contract/report.h"
#include "lib/core/clock.h"
#include "lib/kafka/consumer.h"
#include "lib/log/logger.h"

namespace cdc::worker {

/// One run of one table. One thread, beside the one that the sink commits on.
class Loop {
 public:
  struct Ports {
    Sink& sink;
    kafka::Consumer& consumer;
    TopicWitness& witness;
    Intake& intake;
    DeadLetters& letters;
    TaintedKeys& tainted;
    contract::JobChannel& channel;
    const Clock& clock;
    const std::atomic<bool>& stop;  ///< set by SIGTERM and SIGINT
    log::Logger log;
  };

  /// \param partitions of the topic \param drain leave at the ends seen now
  Loop(const TableSettings& settings, int32_t partitions, bool drain, Ports ports);

  /// Runs until the table is idle, drained, or somebody says stop; the last batch is committed.
  ///
  /// \param report its counters and offsets are kept up to date, also when an error is returned
  /// \return kConflict, kTransient, kCommitUnknown: try again later. Others: the table must be held.
  Status Run(contract::Report* report);

  /// Waits for a commit under way, which uses this object's memory.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  /// A key change whose second half does not come for so long (it may be in another partition) is a delete.
  static constexpr Millis kKeyChangePatience{10'000};
  /// So long without a message, and there is time to tidy up.
  static constexpr Millis kQuiet{5'000};
  /// What was read so shortly after a look back, and in one go, is of the topic that was seen then.
  static constexpr Millis kStraightOn{1'000};

  Status Live();
  Status Assign();
  Status CheckPartitions() const;
  Status ReadOnce(Millis wait);
  static uint64_t FingerprintOf(const kafka::Message& message);
  Status Recognise(const kafka::Message& earlier) const;
  Error TopicAnew(int32_t partition, int64_t offset) const;
  Status TakeBatch(const kafka::MessageBatch& batch);
  Error TopicGone(const Error& error) const;
  Status CheckProblems(const kafka::MessageBatch& batch) const;

  // loop_commit.cc
  Status CommitBatch();
  Status CommitAhead();
  contract::LastRecords TakeWitnesses();
  Status CheckTopic(const contract::LastRecords& witnesses);
  Status PrepareCommit();
  Status FinishCommit();
  Status TakeOutcome(const Result<Committed>& committed, SteadyTime started,
                     const contract::PartitionOffsets& offsets);
  void HandOver(const contract::PartitionOffsets& offsets);
  void NoteCommitted(const contract::PartitionOffsets& offsets);
  Status JudgeUntidy(const Error& error) const;
  Status FinishKeyChanges();
  Status GiveUpKeyChanges(SteadyTime since);
  contract::PartitionOffsets CommittableOffsets() const;
  int64_t Backlog() const;
  void NoteLastRecords();
  void NotePassedOver();
  Marker PresentMarker() const;
  Status Tidy(Tidying when);
  bool TimeToTidy() const;
  Status MaintainAtEnd();

  bool OfferToGo();
  void ListenToCommands();
  void SendProgress();
  PaceState State() const;
  bool CaughtUp() const;
  bool Drained() const;

  struct Partition {
    int64_t next = 0;     // next offset: everything below is taken
    int64_t handed = -1;  // next offset of the last batch that was committed or is being committed
    int64_t target = -1;  // --drain: leave when next gets here
    bool at_end = false;
    bool looking_back = false;                 // what was read of it before has not been seen again yet
    int64_t newest_ms = -1;                    // timestamp of the last message
    std::optional<contract::LastRecord> last;  // that was read, by this run or an earlier one
    const kafka::Message* unnoted = nullptr;   // a later one that is not in `last` yet
    std::optional<contract::LastRecord>
        sure;                // of the topic that all until the last TakeWitnesses() came from
    bool after_end = false;  // since then the end was reached and more has come
  };

  /// A batch that the sink is committing on its own thread.
  struct Flight {
    Fold fold;
    Marker marker;
    contract::PartitionOffsets offsets;
    SteadyTime started;
  };

  int64_t CommittableOffset(int32_t number, const Partition& partition) const;

  const TableSettings& settings_;
  bool drain_;
  Ports ports_;
  PaceRules rules_;
  std::map<int32_t, Partition> partitions_;
  SteadyTime assigned_, checked_, last_commit_, last_message_, last_progress_;
  bool leaving_ = false;
  bool in_doubt_ = false;
  bool unreachable_ = false;
  SteadyTime unreachable_since_;
  bool untidy_ = false;  // committed since there was nothing left to tidy up
  int64_t last_commit_ms_ = 0;
  contract::RecordRanges replayed_, passed_over_;  // as in Marker
  contract::Report* report_ = nullptr;
  std::optional<Flight> flight_;
  Fold spare_;  // used up; its memory serves the next batch
};

}  // namespace cdc::worker
