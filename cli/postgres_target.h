#pragma once

/// \file cli/postgres_target.h
/// A table in PostgreSQL. Its offsets are in a row of `cdc_offsets` beside it: lib/contract/checkpoint_row.h.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_store.h"
#include "lib/config/soft_marks.h"
#include "lib/postgres/session.h"

namespace cdc::cli {

/// Each call has a connection of its own: of a command for many tables only one is open at a time.
class PostgresTarget final : public TargetStore {
 public:
  /// \param table written to one of `config.sinks`
  PostgresTarget(const config::Config& config, const config::Table& table);

  std::string name() const override { return table_; }
  /// SELECT count(*). Offsets and rows are of one moment.
  Result<std::optional<TargetRows>> Count(Millis timeout) override;
  /// A server that is reached answers the next count, too, however long this one took.
  bool IsSilent(const Error& error) const override;
  Result<std::unique_ptr<TargetMoment>> OpenMoment(Millis timeout) override;
  Result<std::optional<TargetFacts>> Facts(Millis timeout) override;
  Result<contract::RecordRanges> Replayed() override;
  Result<contract::TopicOffsets> WrittenOffsets() override;
  Result<std::vector<std::string>> PlanReset(bool purge) override;
  Status Clear() override;
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) override;

 private:
  struct Row {
    std::string source;
    std::optional<std::string> offsets;  ///< nothing: nothing is committed yet
    std::string marker, target;
  };

  Result<postgres::Session> Connect();
  Result<bool> Exists(postgres::Session& session, const std::string& quoted) const;
  /// The pipeline's row. \param lock until the transaction ends \return nothing: there is none
  Result<std::optional<Row>> FindRow(postgres::Session& session, bool lock) const;
  std::string RowsThere() const;  ///< condition on rows: those that are not deleted softly; empty: all
  Error NoRow() const;
  Status InTransaction(postgres::Session& session, const std::function<Status()>& statements) const;
  Status TakeRowsAway(postgres::Session& session) const;

  std::string sink_, dsn_, schema_, target_;
  std::string pipeline_;
  std::string table_, offsets_table_;       // quoted, with the schema
  std::optional<config::SoftMarks> marks_;  // nothing: rows that are deleted are not there
  bool reached_ = false;                    // by the last call
  bool purge_ = false;                      // planned: the table is dropped
};

}  // namespace cdc::cli
