#pragma once

/// \file cli/table_target.h
/// What reset, adopt and rewind work on: one table's place in Kafka, in its store and on this machine.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/target_store.h"
#include "lib/config/config.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::cli {

class TableTarget {
 public:
  /// Takes the table's lock, so that no worker runs meanwhile: one that does is first asked to leave by its
  /// orchestrator's restart or by an operator. \return kConflict: a worker runs for the table; kNotFound: no
  /// such entry in the configuration; kInvalidConfig.
  static Result<TableTarget> Open(std::shared_ptr<const config::Config> config, const std::string& table);

  const config::Table& table() const { return table_; }
  TargetStore& store() { return *store_; }
  std::filesystem::path index_folder() const;

  /// \return kNotFound: none of the table's topics exists; kTransient: not all partitions answered.
  Result<SourceTopic> FindTopic() const;

  /// As TargetStore::WrittenOffsets(). \param doing "Adopting" \param hint why there may be no table
  Result<contract::TopicOffsets> WrittenOffsets(const std::string& doing, const std::string& hint);

  /// TargetStore::GoOnFrom(), then Finish(next).
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next);

  /// Releases the lock, writes `next` and state Idle into the ledger, and has a running orchestrator start a
  /// worker.
  Status Finish(const contract::PartitionOffsets& next);

 private:
  TableTarget() = default;

  std::shared_ptr<const config::Config> config_;
  config::Table table_;
  std::unique_ptr<TargetStore> store_;
  std::optional<contract::LockFile> lock_;
};

/// "0=17, 1=4"
std::string OffsetsText(const contract::PartitionOffsets& offsets);

/// Prints what would be done and how to have it done.
int NotConfirmed();

}  // namespace cdc::cli
