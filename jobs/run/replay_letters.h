#pragma once

/// \file jobs/run/replay_letters.h
/// Dead letters of one topic, and what the topic itself says about each.

#include <map>
#include <string>
#include <utility>

#include "jobs/run/record_keys.h"
#include "jobs/run/replay_judge.h"
#include "jobs/run/words.h"
#include "lib/kafka/consumer.h"

namespace cdc::run {

/// Partition and offset of the record that could not be applied.
using LetterPlace = std::pair<int32_t, int64_t>;

struct ReplayLetter {
  kafka::OwnRecord record;  ///< as it was in its own topic
  std::string reason;       ///< why it became a letter
  LetterFacts facts;
};

/// Ordered by place, and so by offset within each partition.
using ReplayLetters = std::map<LetterPlace, ReplayLetter>;

struct LetterWindow {
  ReplayLetters letters;
  int64_t already = 0;  ///< replayed before, of all there are
  bool more = false;    ///< there are letters behind the last of these
};

/// The first letters of `topic`, kept in topic `dlq`, behind `after`, each once however often it was written, as many as fit.
/// \param most_bytes, most_letters at least one is taken
/// \return kTransient.
Result<LetterWindow> ReadLetters(kafka::Consumer& consumer, const std::string& topic, const std::string& dlq,
                                 const Checkpoint& checkpoint, const LetterPlace& after, size_t most_letters, int64_t most_bytes);

/// Fills in what the topic says: reads it once from the first letter on.
/// \param keys null: of an append-only table, where rows do not supersede each other
/// \return kTransient.
Status LookAtTopic(kafka::Consumer& consumer, const std::string& topic, int32_t partitions,
                   const Checkpoint& checkpoint, RecordKeys* keys, ReplayLetters* letters);

}  // namespace cdc::run
