#pragma once

/// \file jobs/run/replay_batch.h
/// Letters through the intake into the table: which of them are still bad shows here.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "jobs/run/replay_letters.h"
#include "jobs/run/words.h"

namespace cdc::run {

/// Applies letters in the order they are given and commits them with their places. One thread.
class ReplayBatch {
 public:
  struct Ports {
    Table& table;
    Intake& intake;  ///< made with letters()
    TaintedKeys& tainted;
  };
  struct Outcome {
    std::vector<LetterPlace> applied;              ///< committed
    std::map<LetterPlace, std::string> still_bad;  ///< with the reason
    int64_t rows = 0, deletes = 0, snapshot_id = 0;
  };

  /// \param checkpoint of the table, whose offsets stay \param rehearse nothing is saved
  ReplayBatch(Checkpoint checkpoint, bool rehearse, int64_t batch_bytes);

  /// What the intake dead-letters is told here.
  DeadLetters& letters() { return letters_; }
  /// \return as Sink::Commit and Intake::Take
  Status Run(const Ports& ports, const std::vector<const ReplayLetter*>& letters, int32_t partitions);

  const Outcome& outcome() const { return outcome_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }

 private:
  Status Commit(const Ports& ports);

  Checkpoint checkpoint_;
  bool rehearse_;
  int64_t batch_bytes_;
  DeadLetters letters_;
  std::set<LetterPlace> taken_;  // since the last commit, in the fold
  Outcome outcome_;
};

}  // namespace cdc::run
