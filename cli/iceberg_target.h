#pragma once

/// \file cli/iceberg_target.h
/// A table in an Iceberg catalog. Its offsets are in its snapshots.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_store.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/deletable.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

class IcebergTarget final : public TargetStore {
 public:
  /// \return as lake::Open
  static Result<std::unique_ptr<IcebergTarget>> Open(std::shared_ptr<const config::Config> config,
                                                     const config::Table& table, Millis patience);

  std::string name() const override { return iceberg::ToString(ident_); }
  /// By the manifests, without reading data: rows of live data files less the deleted positions.
  /// \return kUnsupported: another engine's equality deletes, whose rows only a reader of the data can count.
  Result<std::optional<TargetRows>> Count(Millis timeout) override;
  Result<std::unique_ptr<TargetMoment>> OpenMoment(Millis timeout) override;
  Result<std::optional<TargetFacts>> Facts(Millis timeout) override;
  Result<contract::RecordRanges> Replayed() override;
  Result<contract::TopicOffsets> WrittenOffsets() override;
  Result<std::vector<std::string>> PlanReset(bool purge) override;
  Status Clear() override;
  Status CleanUp() override;
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) override;

 private:
  IcebergTarget() = default;
  /// Nothing: the catalog does not have it.
  Result<std::optional<iceberg::LoadedTable>> Load();
  Result<contract::TopicOffsets> OffsetsOf(const iceberg::LoadedTable& table);
  Result<size_t> PlanPurge(const iceberg::LoadedTable& table);
  Status KeepRecords(const SourceTopic& topic, const contract::PartitionOffsets& next,
                     std::map<std::string, std::string>* summary);

  std::string entry_, pipeline_;
  iceberg::TableIdent ident_;
  std::unique_ptr<lake::Lake> lake_;
  bool drop_ = false;                         // planned: the catalog has it
  std::optional<iceberg::TableFiles> files_;  // planned: to be deleted
};

}  // namespace cdc::cli
