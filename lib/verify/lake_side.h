#pragma once

/// \file lib/verify/lake_side.h
/// An Iceberg table at one snapshot, with its position deletes applied.

#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/live_files.h"
#include "lib/storage/file_system.h"
#include "lib/verify/side.h"

namespace cdc::verify {

class LakeMoment {
 public:
  /// \param files outlives this
  /// \return kUnsupported: equality deletes of another engine, a schema that we do not have; kCorrupt,
  /// kTransient.
  static Result<std::unique_ptr<LakeMoment>> Open(storage::FileSystem* files, iceberg::LoadedTable table);

  const rows::Schema& schema() const { return schema_; }
  const iceberg::LoadedTable& table() const { return table_; }
  int64_t snapshot_id() const { return live_.snapshot_id().value_or(0); }
  /// Data files' rows, deleted ones included.
  int64_t records() const { return live_.totals().records; }

  /// \param plan outlives the side \return kUnsupported: a column of the plan is not in the table any more.
  Result<std::unique_ptr<Side>> Read(const Plan& plan, const Hashing& hashing);

 private:
  LakeMoment() = default;
  storage::FileSystem* files_ = nullptr;
  iceberg::LoadedTable table_;
  rows::Schema schema_;
  iceberg::LiveFiles live_;
};

}  // namespace cdc::verify
