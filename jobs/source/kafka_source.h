#pragma once

/// \file jobs/source/kafka_source.h
/// One Kafka topic as the source of a table: reads it, folds its events (intake.h), and knows the topic again
/// (topic_positions.h, topic_witness.h).

#include <optional>

#include "jobs/source/dead_letters.h"
#include "jobs/source/intake.h"
#include "jobs/source/settings.h"
#include "jobs/source/tainted_keys.h"
#include "jobs/source/topic_positions.h"
#include "jobs/source/topic_witness.h"
#include "jobs/worker/source.h"
#include "jobs/worker/table.h"
#include "lib/core/clock.h"
#include "lib/kafka/consumer.h"
#include "lib/log/logger.h"

namespace cdc::source {

class KafkaSource final : public worker::Source {
 public:
  struct Ports {
    worker::Table& table;  ///< all must outlive the source
    kafka::Consumer& consumer;
    TopicWitness& witness;
    Intake& intake;
    DeadLetters& letters;
    TaintedKeys& tainted;
    worker::SourceCounts& counts;
    const Clock& clock;
    log::Logger log;
  };

  /// \param settings must outlive the source \param partitions of the topic
  KafkaSource(const SourceSettings& settings, int32_t partitions, Ports ports);

  Result<contract::PartitionOffsets> Open() override;
  Result<worker::SourceState> Next(Millis wait) override;
  Result<worker::Cut> End(bool last) override;
  Result<worker::SourceState> Confirm(worker::Cut done) override;
  bool HasGrown() override;

 private:
  Status Poll(Millis wait);
  Status TakePending();
  Status FinishPoll();
  Status CannotFollow(const kafka::Message& message) const;
  Status PrepareBatch(bool last);
  std::function<Status()> GateOf(contract::LastRecords witnesses);
  contract::LastRecords TakeWitnesses();
  worker::Checkpoint PresentCheckpoint() const;
  void NotePassedOver();
  worker::SourceState State() const;
  TopicPositions::Bound HeldBack() const;
  void BeginBatch(const contract::PartitionOffsets& upto);

  const SourceSettings& settings_;
  Ports ports_;
  TopicPositions positions_;
  int64_t batch_limit_;         // bytes
  kafka::MessageBatch polled_;  // its messages from taken_ on are not in the fold yet
  size_t taken_ = 0;
  size_t refused_ = kNone;  // message that asked for another shape
  bool shape_due_ = false;  // the batch must be committed for it
  bool begin_at_confirm_ = false;
  int64_t changes_ = 0;  // messages with a value
  int64_t upto_ms_ = 0;  // when the last one taken was written
  SteadyTime opened_, checked_, last_read_;
  std::optional<SteadyTime> unreachable_since_;
  contract::RecordRanges replayed_, passed_over_;  // as in Checkpoint
  Fold spare_;                                     // used up; its memory serves the next batch

  static constexpr size_t kNone = static_cast<size_t>(-1);
};

}  // namespace cdc::source
