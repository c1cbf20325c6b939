#pragma once

/// \file jobs/sink/postgres/link.h
/// The run's hold on its pipeline: the connection, and transactions that only the present run can commit.
///
/// Each transaction begins by locking the pipeline's row of `cdc_offsets` and comparing it with what this run wrote
/// last. Another run's name there is a conflict: that run has taken over. A COMMIT whose answer is lost is looked
/// up in the same row, behind its lock, by a new connection: it counts commits.

#include <functional>
#include <optional>
#include <string>

#include "jobs/sink/postgres/checkpoint.h"
#include "jobs/sink/postgres/settings.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "lib/postgres/session.h"

namespace cdc::postgres_sink {

/// Not thread-safe.
class Link {
 public:
  struct Ports {
    std::function<void(Millis)> sleep;  ///< between attempts to reach the server
    log::Logger log;
  };

  Link(const Settings& settings, Ports ports);

  /// \return as Session::Connect().
  Status Connect();
  /// Connects again where the connection is gone.
  Status EnsureConnected();
  /// Called after each Connect(): makes what a session needs.
  void SetPrepare(std::function<Status(postgres::Session*)> prepare) { prepare_ = std::move(prepare); }
  /// Not before Connect().
  postgres::Session* session() { return &*session_; }
  void RollBack() {
    if (session_) session_->RollBack();
  }

  /// Makes this run the writer. \return the row as it was; nothing: there is none yet.
  Result<std::optional<Checkpoint>> TakeOver();
  /// The pipeline's first row, within the caller's transaction.
  Status Insert(Checkpoint checkpoint);

  /// Begins a transaction. \return kConflict: another run has taken over.
  Status Begin();
  /// Begin(), statements, COMMIT; rolls back where one fails.
  Status InTransaction(const std::function<Status()>& statements);
  /// Notes a commit of rows and commits. An answer that is lost is found out.
  /// \return kTransient: not committed; kCommitUnknown: the server does not come back.
  Status CommitWith(const worker::Checkpoint& marker, const TableState& state);

  /// Does `what` again while it fails because of the server: it restarts, or a lock is not given.
  /// \return the last outcome; other errors at once
  Status Retrying(const std::function<Status()>& what);

  /// What the user can do about a refusal by the table's own rules, or by rights.
  Error HintFor(Error error) const;

  const CheckpointTable& checkpoints() const { return checkpoints_; }
  int64_t commits() const { return commits_; }

 private:
  Result<bool> WasCommitted();

  const Settings& settings_;
  Ports ports_;
  std::string writer_;
  CheckpointTable checkpoints_;
  std::optional<postgres::Session> session_;
  std::function<Status(postgres::Session*)> prepare_;
  int64_t commits_ = 0;
};

/// `cdc reset …`: the way out of most refusals.
std::string WayOut(const std::string& table);

}  // namespace cdc::postgres_sink
