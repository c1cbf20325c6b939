#pragma once

/// \file jobs/source/own_events.h
/// Which events of a topic are the table's: topics keep only some characters of a name, so two tables may
/// share one, and a router may write several into one.

#include <string>

#include "jobs/source/left_alone.h"
#include "jobs/source/open_batch.h"
#include "lib/event/envelope.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// In the index folder: the topic has rows of another table as well.
inline constexpr const char* kSharedTopicFile = "shared-topic";

/// Of one run. Not thread-safe.
class OwnEvents {
 public:
  explicit OwnEvents(const OpenBatch& batch);

  /// Whether the event is the table's own. Others are counted, and left alone.
  bool Take(const event::Envelope& envelope);
  /// A record that is certainly not left alone.
  void Count() { ++own_; }

  /// Of a TRUNCATE. \return kUnsupported: it is of a partition or shard that is routed into the topic: which
  /// of the table's rows were in it, nothing says.
  Status CheckTruncated(const kafka::Message& message, const event::Envelope& envelope) const;
  /// Before a commit. \return kUnsupported: all that this run has read is other tables', and would be passed.
  Status Judge() const;

  int64_t left_alone() const { return left_alone_.count(); }  ///< records of other tables, of this run
  /// Whether rows of another table have been seen in the topic, now or in an earlier run.
  bool shared_topic() const { return shared_topic_; }

 private:
  bool IsAsLastTime(const event::Envelope& envelope);
  void NoteSharedTopic(const event::Source& source);

  const OpenBatch& batch_;
  LeftAlone left_alone_;
  int64_t own_ = 0;
  std::string our_source_;    // `"schema":…,"table":…` that is known to be ours …
  size_t our_source_at_ = 0;  // … and where it stood in the last one
  bool shared_topic_ = false;
};

}  // namespace cdc::source
