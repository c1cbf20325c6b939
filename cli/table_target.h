#pragma once

/// \file cli/table_target.h
/// What reset, adopt and rewind work on: one table's place in Kafka, in its store and on this machine.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/target_store.h"
#include "lib/config/config.h"
#include "lib/contract/control.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::cli {

class TableTarget {
 public:
  /// To look only, or to change the table as well: then it is borrowed from a running orchestrator, which
  /// ends its worker and goes on with all others, and its lock is taken. \param command who wants it: "cdc
  /// reset" \return kConflict: somebody works on the table; kNotFound: no such entry in the configuration;
  /// kInvalidConfig.
  static Result<TableTarget> Open(std::shared_ptr<const config::Config> config, const std::string& table,
                                  const char* command, bool to_change);

  const config::Table& table() const { return table_; }
  TargetStore& store() { return *store_; }
  std::filesystem::path index_folder() const;

  /// \return kNotFound: none of the table's topics exists; kTransient: not all partitions answered.
  Result<SourceTopic> FindTopic() const;

  /// As TargetStore::WrittenOffsets(). \param doing "Adopting" \param hint why there may be no table
  Result<contract::TopicOffsets> WrittenOffsets(const std::string& doing, const std::string& hint);

  /// TargetStore::GoOnFrom(), then Finish(next).
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next);

  /// Releases the lock, and gives the table back to a running orchestrator, which starts a worker; without
  /// one writes `next` and state Idle into the ledger.
  Status Finish(const contract::PartitionOffsets& next);

 private:
  TableTarget() = default;

  std::shared_ptr<const config::Config> config_;
  config::Table table_;
  std::unique_ptr<TargetStore> store_;
  std::optional<contract::Loan> loan_;
  std::optional<contract::LockFile> lock_;  // released before the loan ends
};

/// Borrows the table from the orchestrator, waiting for its worker to leave; nothing: no orchestrator runs.
/// \param command who wants it: "cdc reset"
Result<std::optional<contract::Loan>> Borrow(const config::Config& config, const std::string& table,
                                             const char* command);

/// "0=17, 1=4"
std::string OffsetsText(const contract::PartitionOffsets& offsets);

/// Prints what would be done and how to have it done.
int NotConfirmed();

}  // namespace cdc::cli
