#pragma once

/// \file jobs/sink/postgres/checkpoint.h
/// The table `cdc_offsets` in the target's schema: how far each pipeline has been read, and what its table is
/// made of. A row changes in the transaction that changes the rows it speaks of.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/worker/sink.h"
#include "lib/core/keyed_hash.h"
#include "lib/postgres/session.h"

namespace cdc::postgres_sink {

/// What is noted with a table beside the marker. JSON in `cdc_offsets.state`.
struct TableState {
  std::string target;            ///< name of the table
  std::vector<std::string> key;  ///< empty: append-only
  worker::OwnNames own;
  std::vector<std::string> derived;
  std::vector<std::string> absent;
  std::vector<rows::Field> columns;  ///< as the worker knows them; ids count from 1
  KeySecret secret;                  ///< of the hashes of its keys, which are nowhere but in memory and markers
};

struct Checkpoint {
  std::string source;                    ///< identity of Kafka cluster and topic, JSON
  std::optional<worker::Checkpoint> marker;  ///< nothing: the table is made, nothing is committed yet
  TableState state;
  std::string writer;   ///< the run that may write
  int64_t commits = 0;  ///< counts them
};

/// Statements on one row. The session is the caller's, and so is its transaction.
class CheckpointTable {
 public:
  /// \param schema of the target \param pipeline names the row
  CheckpointTable(std::string schema, std::string pipeline);

  /// Makes schema and table where they are missing. \return as Session::Run().
  Status Ensure(postgres::Session* session) const;
  /// The row, locked until the transaction ends; a transaction that is being committed is waited for.
  /// \return kCorrupt: it cannot be read; others as Session::Run().
  Result<std::optional<Checkpoint>> Lock(postgres::Session* session) const;
  /// \param max_event_time_ms Unix milliseconds; nothing: unknown
  Status Insert(postgres::Session* session, const Checkpoint& checkpoint) const;
  Status TakeOver(postgres::Session* session, const std::string& writer) const;
  Status SaveState(postgres::Session* session, const TableState& state) const;
  /// Notes a commit: the marker, with `state.absent` as it is by then.
  Status SaveMarker(postgres::Session* session, const worker::Checkpoint& marker, const TableState& state,
                    int64_t commits) const;
  /// Forgets the pipeline. No row: done.
  Status Delete(postgres::Session* session) const;

  const std::string& name() const { return name_; }  ///< quoted, with its schema

 private:
  std::string schema_, name_, pipeline_;
};

}  // namespace cdc::postgres_sink
