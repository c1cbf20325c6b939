#pragma once

/// \file cli/table_target.h
/// What reset, adopt and rewind work on: one table's place in Kafka, in the catalog and on this machine.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/offsets.h"
#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/kafka/consumer.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

struct SourceTopic {
  std::string name;
  std::string cluster;                         ///< Kafka cluster id
  std::map<int32_t, kafka::Watermark> places;  ///< by partition
};

class TableTarget {
 public:
  /// Takes the table's lock, so that no worker runs meanwhile: one that does is first asked to leave by its
  /// orchestrator's restart or by an operator. \return kConflict: a worker runs for the table; kNotFound: no
  /// such entry in the configuration; kInvalidConfig.
  static Result<TableTarget> Open(std::shared_ptr<const config::Config> config, const std::string& table);

  const config::Config& config() const { return *config_; }
  const std::string& table() const { return table_.name; }
  const iceberg::TableIdent& ident() const { return ident_; }
  iceberg::Catalog& catalog() { return lake_->catalog(); }
  storage::FileSystem& files() { return lake_->files(); }
  std::filesystem::path index_folder() const;

  /// \return kNotFound: none of the table's topics exists; kTransient: not all partitions answered.
  Result<SourceTopic> FindTopic() const;

  /// Nothing: the catalog does not have it.
  Result<std::optional<iceberg::LoadedTable>> Load();
  /// The same for what needs it. \param doing "Adopting" \param hint why there may be none \return kNotFound.
  Result<iceberg::LoadedTable> LoadMade(const std::string& doing, const std::string& hint);
  /// Next offsets written in the table; empty: none.
  static Result<contract::TopicOffsets> WrittenOffsets(const iceberg::LoadedTable& table,
                                                       storage::FileSystem& files);

  /// Commits a snapshot that changes no row and says that `topic` is read up to `next`; then Finish(next).
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next);

  /// Releases the lock, writes `next` and state Idle into the ledger, and has a running orchestrator start a
  /// worker.
  Status Finish(const contract::PartitionOffsets& next);

 private:
  TableTarget() = default;
  Status KeepRecords(const SourceTopic& topic, const contract::PartitionOffsets& next,
                     std::map<std::string, std::string>* summary);

  std::shared_ptr<const config::Config> config_;
  config::Table table_;
  iceberg::TableIdent ident_;
  std::unique_ptr<lake::Lake> lake_;
  std::optional<contract::LockFile> lock_;
};

/// "0=17, 1=4"
std::string OffsetsText(const contract::PartitionOffsets& offsets);

/// Prints what would be done and how to have it done.
int NotConfirmed();

}  // namespace cdc::cli
