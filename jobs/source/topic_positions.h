#pragma once

/// \file jobs/source/topic_positions.h
/// How far each partition of a topic is read, committed and proven to be the one that the table follows.
/// Pure.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/source/words.h"
#include "jobs/worker/words.h"
#include "lib/contract/last_records.h"
#include "lib/contract/offsets.h"
#include "lib/core/result.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// Hints that name the commands by which a table gets a position again.
std::string WaysOut(const std::string& table);

/// Not thread-safe.
class TopicPositions {
 public:
  /// The offset before which a partition may be committed; nothing: all that is read.
  using Bound = std::function<std::optional<int64_t>(int32_t partition)>;
  struct Start {
    std::vector<kafka::TopicPartitionOffset> offsets;
    kafka::Consumer::LookBack look_back;
    std::vector<int32_t> truncated;  ///< partitions that are begun behind records which are gone
  };

  /// \param table its entry in tables.toml, for messages \param partitions of the topic
  TopicPositions(std::string table, std::string topic, int32_t partitions);

  int32_t count() const { return static_cast<int32_t>(partitions_.size()); }
  /// Where to begin: behind `checkpoint`, with a look at the record before; a partition that it does not know
  /// begins at its oldest record. \param watermarks one for each partition \return kUnsupported: a partition
  /// that was read is gone, or an offset is out of Kafka's range.
  Result<Start> Begin(const std::vector<kafka::Watermark>& watermarks,
                      const std::optional<worker::Checkpoint>& checkpoint);

  /// The record before the first one. \return kUnsupported: not the one that the table has read there.
  Status Recognise(const kafka::Message& earlier);
  /// `message` is taken. It must stay until NoteLastRecords().
  void NoteTaken(const kafka::Message& message);
  /// The end of a partition was reached, perhaps behind markers and compacted records.
  void NoteEnd(const kafka::PartitionEnd& end);
  /// Hashes each partition's last message: only that one counts.
  void NoteLastRecords();
  /// Records from before the batch that have to be seen again before it may be committed: if they are still
  /// there, all that was read since is of the same topic. \param all false: only of partitions where reading
  /// has paused since
  contract::LastRecords TakeWitnesses(bool all);

  /// Whether every partition is at its end.
  bool caught_up() const;
  /// Whether all are read up to the ends seen at the start.
  bool drained() const;
  bool looking_back() const;
  /// Whether a commit would move a position.
  bool dirty(const Bound& bound) const;
  /// Records that were there at the start and are not read yet.
  int64_t backlog() const;

  contract::PartitionOffsets Committable(const Bound& bound) const;
  /// A batch up to here is on its way.
  void HandOver(const contract::PartitionOffsets& offsets);
  /// Offsets, last records and time of `checkpoint`.
  void Describe(const Bound& bound, worker::Checkpoint* checkpoint) const;

  /// Another record stands where the table has read one.
  Error Recreated(int32_t partition, int64_t offset) const;
  /// \return what a partition's problem means for the table; none: librdkafka goes on trying.
  Status Judge(const kafka::PartitionProblem& problem) const;
  /// The topic was deleted while it was read.
  Error TopicGone(const Error& error) const;

 private:
  struct Partition {
    int64_t next = 0;     // everything below is taken
    int64_t handed = -1;  // next offset of the last batch that was committed or is being committed
    int64_t target = -1;  // the end seen at the start
    bool at_end = false;
    bool looking_back = false;                 // the record before the first one has not been seen yet
    int64_t newest_ms = -1;                    // timestamp of the last message
    std::optional<contract::LastRecord> last;  // that was read, by this run or an earlier one
    const kafka::Message* unhashed = nullptr;  // a later one that is not in `last` yet
    std::optional<contract::LastRecord>
        proven;              // of the topic that all until the last TakeWitnesses() came from
    bool after_end = false;  // since then the end was reached and more has come
  };

  Status BeginPartition(const kafka::Watermark& mark, const std::optional<worker::Checkpoint>& checkpoint,
                        Start* start);
  Status CheckPartitions(const worker::Checkpoint& checkpoint) const;
  Error OutOfRange(const kafka::PartitionProblem& problem) const;
  Partition& At(int32_t number) { return partitions_.at(static_cast<size_t>(number)); }
  bool Has(int32_t number) const { return number >= 0 && number < count(); }
  int64_t CommittableOf(int32_t number, const Bound& bound) const;

  std::string table_, topic_;
  std::vector<Partition> partitions_;  // by number: Kafka counts them from 0
};

}  // namespace cdc::source
