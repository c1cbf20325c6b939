#pragma once

/// \file jobs/sink/postgres/target_shape.h
/// The target table's columns over time: made, taken as they are, added, widened, of another type.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/sink/postgres/link.h"
#include "jobs/sink/postgres/row_writer.h"
#include "jobs/sink/postgres/target_table.h"
#include "jobs/worker/sink.h"
#include "lib/rows/schema_changes.h"

namespace cdc::postgres_sink {

/// Not thread-safe. What is noted of the table (state()) changes in one transaction with the table.
class TargetShape {
 public:
  /// \param changed called with what writers of rows must know, whenever that is other than before
  TargetShape(const Settings& settings, Link* link, std::function<Status(WriterTable)> changed);

  /// Takes up the table as it was noted. \return kUnsupported: it is gone, or lacks a column.
  Status Adopt(const TableState& state);
  /// As worker::Sink::Follow(). A new table: one that is there is taken as it is, and what it lacks is added. Other
  /// types: PostgreSQL writes the table anew by itself.
  Status Follow(const worker::ShapeChange& change, const std::string& source_json);

  const TableState& state() const { return state_; }
  const std::shared_ptr<const rows::Schema>& schema() const { return schema_; }  ///< null: not made yet
  const TargetTable& target() const { return target_; }

 private:
  Status Create(const worker::NewTable& made, const std::string& source_json);
  Status Evolve(const rows::SchemaChanges& changes, const worker::OwnNames& own);
  Status Retype(const std::vector<worker::Retyped>& columns);
  Status CheckKey(const std::vector<TargetColumn>& columns, const std::vector<std::string>& key);
  Status AddColumn(const rows::Field& field);
  Result<std::vector<std::pair<std::string, std::string>>> FindRetyped(const rows::SchemaChanges& changes,
                                                                       const rows::Schema& evolved);
  Status EmptyColumn(const std::string& name, const rows::Type& type);

  const Settings& settings_;
  Link* link_;
  std::function<Status(WriterTable)> changed_;
  TargetTable target_;
  TableState state_;
  std::shared_ptr<const rows::Schema> schema_;
};

}  // namespace cdc::postgres_sink
